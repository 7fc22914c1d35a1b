//! From text to tree with minijinja's parser: the only file that sees minijinja.
//!
//! Its virtual machine is not used, since Python's and Ansible's semantics (undefined chains,
//! lazily templated variables, values not known yet, secrets) need to be decided at every node.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::machinery::{Span, ast, parse as parse_template, parse_expr};
use minijinja::syntax::SyntaxConfig;

use super::Dialect;
use super::tree::{
    Argument, At, Block, Comparison, Expression, For, Macro, Node, Operator, Slice, Statement,
    Target,
};
use crate::value::Value;

/// What the parser refuses, and where.
#[derive(Debug, Clone)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: At,
}

/// Parses a whole template.
pub fn statements(text: &str, dialect: &Dialect) -> Result<Vec<Statement>, SyntaxError> {
    let config = configuration(dialect).map_err(|error| refused(&error, text))?;
    let text = &*if dialect.literal_backslashes { shielded(text) } else { text.into() };
    let parsed = parse_template(text, "template", config).map_err(|error| refused(&error, text))?;
    match &parsed {
        ast::Stmt::Template(template) => body(&template.children),
        other => Ok(vec![statement(other)?]),
    }
}

/// Parses a bare expression.
pub fn expression(text: &str) -> Result<Node, SyntaxError> {
    let text = &*shielded(text);
    let parsed = parse_expr(text).map_err(|error| refused(&error, text))?;
    node(&parsed)
}

/// Stand in for a backslash and the quotes behind one while the text is parsed: one byte each, so
/// that places stay what they are.
const SHIELDS: [(char, char); 3] = [('\\', '\u{1a}'), ('\'', '\u{1c}'), ('"', '\u{1d}')];

fn shield(character: char) -> char {
    SHIELDS.iter().find(|(plain, _)| *plain == character).map_or(character, |(_, shield)| *shield)
}

/// The text with its backslashes shielded, and quotes behind them, which do not end a string.
fn shielded(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\\' {
            out.push(shield(character));
            out.extend(rest.next_if(|next| "\\'\"".contains(*next)).map(shield));
        } else {
            out.push(character);
        }
    }
    out.into()
}

/// The text with its backslashes back.
fn unshielded(text: &str) -> Arc<str> {
    let plain = |shield: char| {
        SHIELDS.iter().find(|(_, known)| *known == shield).map_or(shield, |(plain, _)| *plain)
    };
    text.chars().map(plain).collect::<String>().into()
}

fn configuration(dialect: &Dialect) -> Result<SyntaxConfig, minijinja::Error> {
    let mut builder = SyntaxConfig::builder();
    builder
        .trim_blocks(dialect.trim_blocks)
        .lstrip_blocks(dialect.lstrip_blocks)
        .keep_trailing_newline(dialect.keep_trailing_newline)
        .block_delimiters(dialect.block.0.clone(), dialect.block.1.clone())
        .variable_delimiters(dialect.variable.0.clone(), dialect.variable.1.clone())
        .comment_delimiters(dialect.comment.0.clone(), dialect.comment.1.clone());
    builder.build()
}

fn refused(error: &minijinja::Error, text: &str) -> SyntaxError {
    let range = error.range().unwrap_or(text.len()..text.len());
    let message = error.detail().unwrap_or("invalid syntax").to_string();
    SyntaxError { message, at: At { start: range.start, end: range.end.max(range.start) } }
}

fn at(span: Span) -> At {
    At { start: span.start_offset as usize, end: span.end_offset as usize }
}

fn unsupported(message: &str, span: Span) -> SyntaxError {
    SyntaxError { message: message.to_string(), at: at(span) }
}

fn body(statements: &[ast::Stmt<'_>]) -> Result<Vec<Statement>, SyntaxError> {
    statements.iter().map(statement).collect()
}

fn statement(parsed: &ast::Stmt<'_>) -> Result<Statement, SyntaxError> {
    Ok(match parsed {
        ast::Stmt::Template(inner) => Statement::Group(body(&inner.children)?),
        ast::Stmt::EmitExpr(emit) => Statement::Emit(node(&emit.expr)?),
        ast::Stmt::EmitRaw(raw) => Statement::Text(unshielded(raw.raw)),
        ast::Stmt::ForLoop(inner) => Statement::For(Arc::new(for_loop(inner)?)),
        ast::Stmt::IfCond(inner) => {
            Statement::If(node(&inner.expr)?, body(&inner.true_body)?, body(&inner.false_body)?)
        }
        ast::Stmt::WithBlock(inner) => {
            let bound = inner.assignments.iter();
            let bound = bound.map(|(to, value)| Ok((target(to)?, node(value)?)));
            Statement::With(bound.collect::<Result<_, _>>()?, body(&inner.body)?)
        }
        ast::Stmt::Set(inner) => Statement::Set(target(&inner.target)?, node(&inner.expr)?),
        ast::Stmt::SetBlock(inner) => Statement::SetBlock(
            target(&inner.target)?,
            inner.filter.as_ref().map(node).transpose()?,
            body(&inner.body)?,
        ),
        ast::Stmt::AutoEscape(inner) => Statement::Group(body(&inner.body)?),
        ast::Stmt::FilterBlock(inner) => {
            Statement::FilterBlock(node(&inner.filter)?, body(&inner.body)?)
        }
        ast::Stmt::Macro(inner) => Statement::Macro(Arc::new(macro_of(inner)?)),
        ast::Stmt::CallBlock(inner) => {
            Statement::Call(call(&inner.call)?, Arc::new(macro_of(&inner.macro_decl)?))
        }
        ast::Stmt::Continue(_) => Statement::Continue,
        ast::Stmt::Break(_) => Statement::Break,
        ast::Stmt::Do(inner) => Statement::Do(call(&inner.call)?),
        other => composition(other)?,
    })
}

/// The statements that name other templates.
fn composition(parsed: &ast::Stmt<'_>) -> Result<Statement, SyntaxError> {
    Ok(match parsed {
        ast::Stmt::Block(inner) => Statement::Block(Arc::new(Block {
            name: inner.name.into(),
            required: inner.required,
            body: body(&inner.body)?,
        })),
        ast::Stmt::Extends(inner) => Statement::Extends(node(&inner.name)?),
        ast::Stmt::Include(inner) => {
            Statement::Include { name: node(&inner.name)?, ignore_missing: inner.ignore_missing }
        }
        ast::Stmt::Import(inner) => Statement::Import(node(&inner.expr)?, name_of(&inner.name)?),
        ast::Stmt::FromImport(inner) => {
            let names = inner.names.iter().map(|(name, alias)| {
                let name = name_of(name)?;
                let alias = alias.as_ref().map_or(Ok(Arc::clone(&name)), name_of)?;
                Ok((name, alias))
            });
            Statement::FromImport(node(&inner.expr)?, names.collect::<Result<_, _>>()?)
        }
        _ => Statement::Group(Vec::new()),
    })
}

fn for_loop(parsed: &ast::ForLoop<'_>) -> Result<For, SyntaxError> {
    Ok(For {
        target: target(&parsed.target)?,
        items: node(&parsed.iter)?,
        condition: parsed.filter_expr.as_ref().map(node).transpose()?,
        recursive: parsed.recursive,
        body: body(&parsed.body)?,
        otherwise: body(&parsed.else_body)?,
    })
}

fn macro_of(parsed: &ast::Spanned<ast::Macro<'_>>) -> Result<Macro, SyntaxError> {
    let required = parsed.args.len() - parsed.defaults.len();
    let parameters = parsed.args.iter().enumerate().map(|(index, name)| {
        let default = index.checked_sub(required).and_then(|at| parsed.defaults.get(at));
        Ok((name_of(name)?, default.map(node).transpose()?))
    });
    Ok(Macro {
        name: parsed.name.into(),
        parameters: parameters.collect::<Result<_, _>>()?,
        body: body(&parsed.body)?,
    })
}

fn name_of(parsed: &ast::Expr<'_>) -> Result<Arc<str>, SyntaxError> {
    match parsed {
        ast::Expr::Var(name) => Ok(name.id.into()),
        other => Err(unsupported("expected a name", other.span())),
    }
}

fn target(parsed: &ast::Expr<'_>) -> Result<Target, SyntaxError> {
    Ok(match parsed {
        ast::Expr::Var(name) => Target::Name(name.id.into()),
        ast::Expr::List(list) => {
            Target::Unpack(list.items.iter().map(target).collect::<Result<_, _>>()?)
        }
        ast::Expr::GetAttr(attribute) => {
            Target::Attribute(name_of(&attribute.expr)?, attribute.name.into())
        }
        other => return Err(unsupported("cannot assign to this expression", other.span())),
    })
}

fn boxed(parsed: &ast::Expr<'_>) -> Result<Box<Node>, SyntaxError> {
    node(parsed).map(Box::new)
}

fn nodes(parsed: &[ast::Expr<'_>]) -> Result<Vec<Node>, SyntaxError> {
    parsed.iter().map(node).collect()
}

fn node(parsed: &ast::Expr<'_>) -> Result<Node, SyntaxError> {
    let expression = match parsed {
        ast::Expr::Var(name) => Expression::Name(name.id.into()),
        ast::Expr::Const(constant) => Expression::Constant(literal(constant)?),
        ast::Expr::Slice(slice) => Expression::Slice(Box::new(Slice {
            input: node(&slice.expr)?,
            start: slice.start.as_ref().map(node).transpose()?,
            stop: slice.stop.as_ref().map(node).transpose()?,
            step: slice.step.as_ref().map(node).transpose()?,
        })),
        ast::Expr::UnaryOp(unary) => match unary.op {
            ast::UnaryOpKind::Not => Expression::Not(boxed(&unary.expr)?),
            ast::UnaryOpKind::Neg => Expression::Negate(boxed(&unary.expr)?),
        },
        ast::Expr::BinOp(binary) => binary_of(binary)?,
        ast::Expr::Compare(compare) => {
            let steps = compare.ops.iter();
            let steps = steps.map(|step| Ok((comparison(step.op), node(&step.expr)?)));
            Expression::Compare(boxed(&compare.expr)?, steps.collect::<Result<_, _>>()?)
        }
        ast::Expr::IfExpr(inner) => Expression::If {
            condition: boxed(&inner.test_expr)?,
            then: boxed(&inner.true_expr)?,
            otherwise: inner.false_expr.as_ref().map(boxed).transpose()?,
        },
        ast::Expr::Filter(filter) => Expression::Filter {
            name: filter.name.into(),
            input: filter.expr.as_ref().map(boxed).transpose()?,
            arguments: arguments(&filter.args)?,
        },
        ast::Expr::Test(test) => Expression::Test {
            name: test.name.into(),
            input: boxed(&test.expr)?,
            arguments: arguments(&test.args)?,
        },
        ast::Expr::GetAttr(inner) => Expression::Attribute(boxed(&inner.expr)?, inner.name.into()),
        ast::Expr::GetItem(inner) => {
            Expression::Item(boxed(&inner.expr)?, boxed(&inner.subscript_expr)?)
        }
        ast::Expr::Call(inner) => return call(inner),
        ast::Expr::List(list) => Expression::List(nodes(&list.items)?),
        ast::Expr::Tuple(tuple) => Expression::Tuple(nodes(&tuple.items)?),
        ast::Expr::Map(map) => {
            let entries = map.keys.iter().zip(&map.values);
            let entries = entries.map(|(key, value)| Ok((node(key)?, node(value)?)));
            Expression::Dict(entries.collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { at: at(parsed.span()), expression })
}

fn call(parsed: &ast::Spanned<ast::Call<'_>>) -> Result<Node, SyntaxError> {
    let callee = boxed(&parsed.expr)?;
    let expression = Expression::Call { callee, arguments: arguments(&parsed.args)? };
    Ok(Node { at: at(parsed.span()), expression })
}

fn arguments(parsed: &[ast::CallArg<'_>]) -> Result<Vec<Argument>, SyntaxError> {
    let argument = |argument: &ast::CallArg<'_>| {
        Ok(match argument {
            ast::CallArg::Pos(value) => Argument::Positional(node(value)?),
            ast::CallArg::Kwarg(name, value) => Argument::Keyword((*name).into(), node(value)?),
            ast::CallArg::PosSplat(value) => Argument::Splat(node(value)?),
            ast::CallArg::KwargSplat(value) => Argument::KeywordSplat(node(value)?),
        })
    };
    parsed.iter().map(argument).collect()
}

fn binary_of(parsed: &ast::Spanned<ast::BinOp<'_>>) -> Result<Expression, SyntaxError> {
    use ast::BinOpKind as Kind;
    let (left, right) = (boxed(&parsed.left)?, boxed(&parsed.right)?);
    let operator = match parsed.op {
        Kind::ScAnd => return Ok(Expression::And(left, right)),
        Kind::ScOr => return Ok(Expression::Or(left, right)),
        Kind::Add => Operator::Add,
        Kind::Sub => Operator::Subtract,
        Kind::Mul => Operator::Multiply,
        Kind::Div => Operator::Divide,
        Kind::FloorDiv => Operator::FloorDivide,
        Kind::Rem => Operator::Remainder,
        Kind::Pow => Operator::Power,
        Kind::Concat => Operator::Concatenate,
        Kind::Eq => return Ok(Expression::Compare(left, vec![(Comparison::Equal, *right)])),
        Kind::Ne => return Ok(Expression::Compare(left, vec![(Comparison::NotEqual, *right)])),
        Kind::Lt => return Ok(Expression::Compare(left, vec![(Comparison::Less, *right)])),
        Kind::Lte => {
            return Ok(Expression::Compare(left, vec![(Comparison::LessOrEqual, *right)]));
        }
        Kind::Gt => return Ok(Expression::Compare(left, vec![(Comparison::Greater, *right)])),
        Kind::Gte => {
            return Ok(Expression::Compare(left, vec![(Comparison::GreaterOrEqual, *right)]));
        }
        Kind::In => return Ok(Expression::Compare(left, vec![(Comparison::In, *right)])),
    };
    Ok(Expression::Binary(operator, left, right))
}

fn comparison(kind: ast::CompareOpKind) -> Comparison {
    match kind {
        ast::CompareOpKind::Eq => Comparison::Equal,
        ast::CompareOpKind::Ne => Comparison::NotEqual,
        ast::CompareOpKind::Lt => Comparison::Less,
        ast::CompareOpKind::Lte => Comparison::LessOrEqual,
        ast::CompareOpKind::Gt => Comparison::Greater,
        ast::CompareOpKind::Gte => Comparison::GreaterOrEqual,
        ast::CompareOpKind::In => Comparison::In,
        ast::CompareOpKind::NotIn => Comparison::NotIn,
    }
}

fn literal(constant: &ast::Spanned<ast::Const>) -> Result<Value, SyntaxError> {
    use minijinja::value::ValueKind;
    let value = &constant.value;
    let too_large = || unsupported("the number does not fit into 64 bits", constant.span());
    Ok(match value.kind() {
        ValueKind::None | ValueKind::Undefined => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => {
            Value::Int(value.as_i64().ok_or_else(too_large)?)
        }
        ValueKind::Number => Value::Float(f64::try_from(value.clone()).map_err(|_| too_large())?),
        _ => Value::data(unshielded(value.as_str().unwrap_or_default())),
    })
}
