//! Events of the YAML library → nodes: anchors, tags, merge keys, duplicate keys.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span as Mark, StrInput, Tag};

use super::merge::merge;
use super::tag::{self, Meaning};
use super::{Content, Node, fault};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::value::Key;

/// Nodes that aliases may add to a document before it is taken for an attack ("billion laughs").
const ALIAS_BUDGET: usize = 200_000;
/// Levels of nesting, block and flow each.
const DEPTH: usize = 100;

type Tagged<'a> = Option<Cow<'a, Tag>>;

/// What an anchor stands for, and how many nodes that is.
struct Anchored {
    node: Node,
    size: usize,
}

/// Builds nodes from events, one document after the other.
pub struct Composer<'a> {
    source: &'a Arc<Source>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Anchored>,
    budget: usize,
}

impl<'a> Composer<'a> {
    pub fn new(source: &'a Arc<Source>) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            block_nesting_limit: DEPTH,
            flow_nesting_limit: DEPTH,
        };
        let parser = Parser::new_from_str_with_options(&source.text, options);
        Self { source, parser, anchors: HashMap::new(), budget: ALIAS_BUDGET }
    }

    /// All documents of the text.
    pub fn documents(mut self) -> Result<Vec<Node>, Diagnostic> {
        let mut documents = Vec::new();
        while let Some((event, _)) = self.next()? {
            if matches!(event, Event::DocumentStart(..)) {
                self.anchors.clear();
                if let Some((first, mark)) = self.next()? {
                    documents.push(self.node(first, mark)?);
                }
            }
        }
        Ok(documents)
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Mark)>, Diagnostic> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(error)) => Err(fault::from_scan(self.source, &error)),
        }
    }

    /// The next event inside a collection, where the text cannot end.
    fn inside(&mut self) -> Result<(Event<'a>, Mark), Diagnostic> {
        self.next()?.ok_or_else(|| Diagnostic::new("the text ends inside a list or mapping"))
    }

    fn span(&self, mark: &Mark) -> Span {
        let range = mark.byte_range().unwrap_or(0..0);
        Span::new(self.source, range.start, range.end)
    }

    fn node(&mut self, event: Event<'a>, mark: Mark) -> Result<Node, Diagnostic> {
        let span = self.span(&mark);
        match event {
            Event::Alias(id) => self.alias(id, &span),
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), &mark)?;
                Ok(self.anchored(anchor, node))
            }
            Event::SequenceStart(_, anchor, tag) => {
                let node = self.sequence(&span)?;
                self.tagged(anchor, node, tag, &mark, Meaning::for_sequence)
            }
            Event::MappingStart(_, anchor, tag) => {
                let node = self.mapping(&span)?;
                self.tagged(anchor, node, tag, &mark, Meaning::for_mapping)
            }
            other => Err(Diagnostic::new(format!("a value is missing before {other:?}")).at(&span)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "an event of the parser in its parts")]
    fn tagged(
        &mut self,
        anchor: usize,
        node: Node,
        tag: Tagged<'a>,
        mark: &Mark,
        meaning: fn(&Tag) -> Option<Meaning>,
    ) -> Result<Node, Diagnostic> {
        let node = match tag {
            None => node,
            Some(tag) => match meaning(&tag) {
                Some(Meaning::Unsafe) => tag::untrusted(node),
                Some(_) => node,
                None => return Err(tag::unknown(&tag, &self.tag_span(mark))),
            },
        };
        Ok(self.anchored(anchor, node))
    }

    fn tag_span(&self, mark: &Mark) -> Span {
        mark.tag_span().map_or_else(|| self.span(mark), |tag| self.span(&tag))
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Node {
        if anchor != 0 {
            let size = node.size();
            self.anchors.insert(anchor, Anchored { node: node.clone(), size });
        }
        node
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<Node, Diagnostic> {
        let Some(anchored) = self.anchors.get(&id) else {
            return Err(Diagnostic::new("this alias stands inside its own anchor").at(span));
        };
        self.budget = self.budget.checked_sub(anchored.size).ok_or_else(|| {
            Diagnostic::new(format!(
                "aliases blow this document up to more than {ALIAS_BUDGET} values"
            ))
            .at(span)
            .hint("write the values out, or use fewer aliases of aliases")
        })?;
        Ok(anchored.node.clone())
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        mark: &Mark,
    ) -> Result<Node, Diagnostic> {
        let span = self.span(mark);
        let meaning = match tag {
            None if style == ScalarStyle::Plain => Meaning::Plain,
            None => Meaning::String,
            Some(tag) => {
                Meaning::for_scalar(tag).ok_or_else(|| tag::unknown(tag, &self.tag_span(mark)))?
            }
        };
        let text = self.without_added_newline(text, style, &span);
        let origin = text_span(&span, style);
        let plain = style == ScalarStyle::Plain;
        let value = tag::scalar(text, plain, meaning, &origin)?;
        Ok(Node { content: Content::Scalar(value), span })
    }

    /// A block that ends with the file, without a newline there, ends without one: as libyaml reads it.
    fn without_added_newline<'t>(&self, text: &'t str, style: ScalarStyle, span: &Span) -> &'t str {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let all = self.source.text.as_str();
        let last_line = all.rsplit(['\n', '\r']).next().unwrap_or(all);
        if block && span.end == all.len() && !last_line.trim().is_empty() {
            text.strip_suffix('\n').unwrap_or(text)
        } else {
            text
        }
    }

    fn sequence(&mut self, start: &Span) -> Result<Node, Diagnostic> {
        let mut items = Vec::new();
        loop {
            let (event, mark) = self.inside()?;
            if event == Event::SequenceEnd {
                let last = items.last().map(|item: &Node| item.span.end);
                let span = self.whole(start, last, &mark);
                return Ok(Node { content: Content::Sequence(items), span });
            }
            items.push(self.node(event, mark)?);
        }
    }

    fn mapping(&mut self, start: &Span) -> Result<Node, Diagnostic> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut merged = Vec::new();
        let mut seen: HashMap<Key, Span> = HashMap::new();
        let mut last = None;
        loop {
            let (event, mark) = self.inside()?;
            if event == Event::MappingEnd {
                let span = self.whole(start, last, &mark);
                return Ok(Node { content: Content::Mapping(merge(entries, merged)?), span });
            }
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, 0, None) if text == "<<");
            let key = self.key(event, mark, start)?;
            refuse_duplicate(&mut seen, &key)?;
            let (event, mark) = self.inside()?;
            let value = self.node(event, mark)?;
            last = Some(value.span.end);
            if is_merge {
                merged.push(value);
            } else {
                entries.push((key, value));
            }
        }
    }

    fn key(&mut self, event: Event<'a>, mark: Mark, mapping: &Span) -> Result<Node, Diagnostic> {
        let at = self.span(&mark);
        let node = self.node(event, mark)?;
        if node.key().is_some() {
            return Ok(node);
        }
        if self.source.text[mapping.start..].starts_with("{{")
            && let Some(template) = fault::unquoted_template(self.source, mapping.start)
        {
            return Err(template);
        }
        let problem = Diagnostic::new("a key must be a string, an integer, a truth value or null");
        Err(problem.at(&at).hint("put the key in quotes"))
    }

    /// The place of a collection: to its closing bracket, or to the end of its last value.
    fn whole(&self, start: &Span, last: Option<usize>, end: &Mark) -> Span {
        let flow = matches!(start.source.text.as_bytes().get(start.start), Some(b'[' | b'{'));
        let mark = self.span(end).end;
        let end = if flow { mark } else { last.unwrap_or(start.end).min(mark.max(start.end)) };
        Span::new(self.source, start.start, end)
    }
}

fn refuse_duplicate(seen: &mut HashMap<Key, Span>, key: &Node) -> Result<(), Diagnostic> {
    let Some(name) = key.key() else { return Ok(()) };
    if let Some(first) = seen.get(&name) {
        return Err(Diagnostic::new(format!("the key `{name}` is defined twice"))
            .at(&key.span)
            .label(first, "first defined here")
            .hint("only one of them can count: remove the other"));
    }
    seen.insert(name, key.span.clone());
    Ok(())
}

/// The place of the text itself: without quotes.
fn text_span(span: &Span, style: ScalarStyle) -> Span {
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let length = span.end - span.start;
    if quoted && length >= 2 { span.sub(1, length - 1) } else { span.clone() }
}
