//! Reads `loop`, `with_*` and `loop_control`.

use super::build::{Build, wrong};
use super::fields::{Field, Fields};
use crate::diagnostic::Diagnostic;
use crate::playbook::{Loop, LoopControl, LoopKind, Setting};
use crate::value::Value;

impl Build<'_> {
    /// Takes a task's loop.
    pub fn repeat(&mut self, fields: &mut Fields<'_>) -> Option<Loop> {
        let own = fields.take_filled("loop");
        let with = fields.take_where(|name| name.starts_with("with_"));
        let control = fields.take_filled("loop_control");
        let mut loops: Vec<(Field<'_>, LoopKind)> =
            own.map(|field| (field, LoopKind::Loop)).into_iter().collect();
        let mut unknown = false;
        for field in with {
            let lookup = &field.name["with_".len()..];
            if self.loader.vocabulary.has_lookup(lookup) {
                loops.push((field, LoopKind::With(lookup.to_string())));
            } else {
                unknown = true;
                let message = format!("`{}` is no loop: there is no lookup `{lookup}`", field.name);
                let known = [
                    "with_items",
                    "with_dict",
                    "with_fileglob",
                    "with_sequence",
                    "with_subelements",
                ];
                self.error(Diagnostic::new(message).at(&field.key.span).suggest(field.name, known));
            }
        }
        if let Some((second, _)) = loops.get(1) {
            let message = format!("a task has one loop, and `{}` is a second", second.name);
            let first = loops[0].0;
            self.error(
                Diagnostic::new(message)
                    .at(&second.key.span)
                    .label(&first.key.span, "the first is here"),
            );
        }
        let Some((field, kind)) = loops.into_iter().next() else {
            if let Some(control) = control.filter(|_| !unknown) {
                let message = "`loop_control` without a loop";
                self.error(Diagnostic::new(message).at(&control.key.span).hint("add `loop`"));
            }
            return None;
        };
        let terms = field.setting();
        self.check_terms(&terms, &kind, field.name);
        let control = control.map(|field| self.loop_control(field)).unwrap_or_default();
        Some(Loop { kind, terms, control })
    }

    fn check_terms(&mut self, terms: &Setting, kind: &LoopKind, name: &str) {
        self.check_templates(&terms.value);
        if *kind != LoopKind::Loop {
            return;
        }
        let fits = match &terms.value {
            Value::List(_) | Value::Encrypted(_) => true,
            Value::Str(text) => text.is_template(),
            _ => false,
        };
        if !fits {
            let problem = wrong(terms, name, "a list, or a template that gives one");
            let hint = match &terms.value {
                Value::Str(text) => {
                    format!("write `\"{{{{ {} }}}}\"` if it is a variable", text.as_str())
                }
                Value::Map(_) => "use `\"{{ … | dict2items }}\"` to go over a mapping".to_string(),
                _ => "write one item as `[item]`".to_string(),
            };
            self.error(problem.hint(hint));
        }
    }

    fn loop_control(&mut self, field: Field<'_>) -> LoopControl {
        let mut control = LoopControl::default();
        let Some(mut fields) = self.fields(field.value, "`loop_control`") else { return control };
        control.loop_var = self.loop_variable(&mut fields, "loop_var");
        control.index_var = self.loop_variable(&mut fields, "index_var");
        control.label = fields.take_filled("label").map(|field| field.setting());
        control.pause = fields.take_filled("pause").map(|field| field.setting());
        control.extended = fields.take_filled("extended").map(|field| field.setting());
        control.extended_allitems =
            fields.take_filled("extended_allitems").map(|field| field.setting());
        if let Some(label) = &control.label {
            self.check_templates(&label.value);
        }
        if let Some(pause) = &control.pause {
            self.check_number(pause, "pause");
        }
        for (setting, name) in
            [(&control.extended, "extended"), (&control.extended_allitems, "extended_allitems")]
        {
            if let Some(setting) = setting {
                self.check_bool(setting, name);
            }
        }
        control.break_when = fields
            .take_filled("break_when")
            .map(|field| self.conditions(field))
            .unwrap_or_default();
        for field in fields.take_where(|_| true) {
            let problem =
                Diagnostic::new(format!("`{}` is not a keyword of `loop_control`", field.name));
            self.error(problem.at(&field.key.span).suggest(field.name, KEYWORDS));
        }
        control
    }

    fn loop_variable(&mut self, fields: &mut Fields<'_>, keyword: &str) -> Option<Setting> {
        let field = fields.take_filled(keyword)?;
        let setting = field.setting();
        let template = matches!(&setting.value, Value::Str(text) if text.is_template());
        if template {
            self.check_templates(&setting.value);
        } else {
            self.variable_name(field.value, keyword)?;
        }
        Some(setting)
    }
}

const KEYWORDS: [&str; 7] =
    ["loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"];
