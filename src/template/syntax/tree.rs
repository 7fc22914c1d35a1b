//! The tree of a parsed template, free of the parser's lifetimes so that it can be kept and shared.

use std::sync::Arc;

use crate::value::Value;

/// A byte range in the template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

/// An expression with its place.
#[derive(Debug)]
pub struct Node {
    /// Where it stands.
    pub at: At,
    /// What it is.
    pub expression: Expression,
}

/// An expression.
#[derive(Debug)]
pub enum Expression {
    /// A literal.
    Constant(Value),
    /// A variable.
    Name(Arc<str>),
    /// `[a, b]`
    List(Vec<Node>),
    /// `(a, b)`
    Tuple(Vec<Node>),
    /// `{a: b}`
    Dict(Vec<(Node, Node)>),
    /// `a.b`
    Attribute(Box<Node>, Arc<str>),
    /// `a[b]`
    Item(Box<Node>, Box<Node>),
    /// `a[start:stop:step]`
    Slice(Box<Slice>),
    /// `not a`
    Not(Box<Node>),
    /// `-a`
    Negate(Box<Node>),
    /// `a and b`
    And(Box<Node>, Box<Node>),
    /// `a or b`
    Or(Box<Node>, Box<Node>),
    /// `a + b`
    Binary(Operator, Box<Node>, Box<Node>),
    /// `a < b <= c`
    Compare(Box<Node>, Vec<(Comparison, Node)>),
    /// `then if condition else otherwise`
    If {
        /// The condition.
        condition: Box<Node>,
        /// The value if it holds.
        then: Box<Node>,
        /// The value if it does not; undefined without it.
        otherwise: Option<Box<Node>>,
    },
    /// `input | name(arguments)`; no input at the head of a filter block.
    Filter {
        /// The name as written.
        name: Arc<str>,
        /// What it is applied to.
        input: Option<Box<Node>>,
        /// Its arguments.
        arguments: Vec<Argument>,
    },
    /// `input is name(arguments)`
    Test {
        /// The name as written.
        name: Arc<str>,
        /// What is tested.
        input: Box<Node>,
        /// Its arguments.
        arguments: Vec<Argument>,
    },
    /// `callee(arguments)`
    Call {
        /// What is called.
        callee: Box<Node>,
        /// Its arguments.
        arguments: Vec<Argument>,
    },
}

/// The parts of `a[start:stop:step]`.
#[derive(Debug)]
pub struct Slice {
    /// What is cut.
    pub input: Node,
    /// First index.
    pub start: Option<Node>,
    /// First index after the slice.
    pub stop: Option<Node>,
    /// Distance of the indices.
    pub step: Option<Node>,
}

/// One argument of a call.
#[derive(Debug)]
pub enum Argument {
    /// `a`
    Positional(Node),
    /// `name=a`
    Keyword(Arc<str>, Node),
    /// `*a`
    Splat(Node),
    /// `**a`
    KeywordSplat(Node),
}

/// An operator of two operands that gives a new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Remainder,
    /// `**`
    Power,
    /// `~`
    Concatenate,
}

/// An operator that compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// A statement.
#[derive(Debug)]
pub enum Statement {
    /// Text between the tags.
    Text(Arc<str>),
    /// `{{ a }}`
    Emit(Node),
    /// `{% for %}`
    For(Arc<For>),
    /// `{% if %}`
    If(Node, Vec<Statement>, Vec<Statement>),
    /// `{% with %}`
    With(Vec<(Target, Node)>, Vec<Statement>),
    /// `{% set a = b %}`
    Set(Target, Node),
    /// `{% set a %}…{% endset %}`
    SetBlock(Target, Option<Node>, Vec<Statement>),
    /// `{% filter a %}…{% endfilter %}`
    FilterBlock(Node, Vec<Statement>),
    /// `{% block a %}…{% endblock %}`
    Block(Arc<Block>),
    /// `{% extends a %}`
    Extends(Node),
    /// `{% include a %}`
    Include {
        /// The name, or a list of names of which the first that exists is taken.
        name: Node,
        /// Whether nothing is an answer.
        ignore_missing: bool,
    },
    /// `{% import a as b %}`
    Import(Node, Arc<str>),
    /// `{% from a import b as c %}`
    FromImport(Node, Vec<(Arc<str>, Arc<str>)>),
    /// `{% macro %}`
    Macro(Arc<Macro>),
    /// `{% call %}`: the call, and the block as the macro `caller`.
    Call(Node, Arc<Macro>),
    /// `{% do a() %}`
    Do(Node),
    /// Statements that only group: `{% autoescape %}`.
    Group(Vec<Statement>),
    /// `{% continue %}`
    Continue,
    /// `{% break %}`
    Break,
}

/// A loop.
#[derive(Debug)]
pub struct For {
    /// What the items are bound to.
    pub target: Target,
    /// What is walked.
    pub items: Node,
    /// Which items count.
    pub condition: Option<Node>,
    /// Whether `loop(…)` may call it again.
    pub recursive: bool,
    /// For each item.
    pub body: Vec<Statement>,
    /// If there is none.
    pub otherwise: Vec<Statement>,
}

/// A named part that a child template may replace.
#[derive(Debug)]
pub struct Block {
    /// Its name.
    pub name: Arc<str>,
    /// Whether a child must replace it.
    pub required: bool,
    /// What it holds.
    pub body: Vec<Statement>,
}

/// A macro.
#[derive(Debug)]
pub struct Macro {
    /// Its name; `caller` for the body of a call block.
    pub name: Arc<str>,
    /// Its parameters with their defaults.
    pub parameters: Vec<(Arc<str>, Option<Node>)>,
    /// What it gives.
    pub body: Vec<Statement>,
}

/// What a value is bound to.
#[derive(Debug)]
pub enum Target {
    /// `a`
    Name(Arc<str>),
    /// `a.b`, of a namespace.
    Attribute(Arc<str>, Arc<str>),
    /// `a, b`
    Unpack(Vec<Target>),
}
