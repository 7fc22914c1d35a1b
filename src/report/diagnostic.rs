//! A message with the source lines that it points at.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Span};

/// The long form of an error (or a warning).
pub fn render(diagnostic: &Diagnostic, warning: bool, colour: bool) -> String {
    let level = if warning { Level::WARNING } else { Level::ERROR };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    if let Some(span) = &diagnostic.span {
        group = group.element(snippet(span, AnnotationKind::Primary, None));
    }
    for label in &diagnostic.labels {
        group = group.element(snippet(&label.span, AnnotationKind::Context, Some(&label.text)));
    }
    for step in &diagnostic.trace {
        group = group.element(Level::NOTE.message(step.as_str()));
    }
    for hint in &diagnostic.hints {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

fn snippet<'a>(
    span: &'a Span,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    // One line is enough to find the place.
    let text = span.source.text.as_str();
    let end = text[span.start..span.end].find('\n').map_or(span.end, |at| span.start + at);
    let annotation = kind.span(span.start..end.max(span.start));
    let annotation = match label {
        Some(label) => annotation.label(label),
        None => annotation,
    };
    Snippet::source(text).path(span.source.name.as_str()).annotation(annotation)
}
