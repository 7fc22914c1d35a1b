//! What a string's characters allow: plain, single quotes, double quotes.

use crate::yaml::scalar;

/// What may be done with a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent answer")]
pub struct Analysis {
    /// It may stand without quotes in a block.
    pub block_plain: bool,
    /// It may stand without quotes in brackets.
    pub flow_plain: bool,
    /// It may stand in single quotes.
    pub single: bool,
    /// It has line breaks.
    pub multiline: bool,
}

pub fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank_or_end(c: Option<&char>) -> bool {
    c.is_none_or(|c| matches!(c, ' ' | '\t' | '\0') || is_break(*c))
}

/// Characters that stand as they are; others need an escape. Beyond the basic plane nothing does.
pub fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// Looks at the characters of a string.
pub fn analyze(chars: &[char], unicode: bool) -> Analysis {
    let (Some(first), Some(last)) = (chars.first(), chars.last()) else {
        return Analysis { block_plain: true, flow_plain: false, single: true, multiline: false };
    };
    let marker = chars.starts_with(&['-', '-', '-']) || chars.starts_with(&['.', '.', '.']);
    let (block_mark, flow_mark) = marks(chars);
    let multiline = chars.iter().copied().any(is_break);
    let special = chars.iter().any(|c| !is_printable(*c) || (!c.is_ascii() && !unicode));
    let edges = [first, last].into_iter().any(|c| *c == ' ' || is_break(*c));
    let pairs = |left: fn(char) -> bool, right: fn(char) -> bool| {
        chars.windows(2).any(|pair| left(pair[0]) && right(pair[1]))
    };
    let break_space = pairs(is_break, |c| c == ' ');
    let space_break = pairs(|c| c == ' ', is_break);
    let odd = break_space || space_break || special;
    let plain = !(marker || edges || odd || multiline);
    Analysis {
        block_plain: plain && !block_mark,
        flow_plain: plain && !flow_mark,
        single: !odd,
        multiline,
    }
}

/// Whether marks of YAML are in the way, of blocks and of brackets.
fn marks(chars: &[char]) -> (bool, bool) {
    let (mut block, mut flow) = (false, false);
    for (index, c) in chars.iter().enumerate() {
        let followed = is_blank_or_end(chars.get(index + 1));
        let preceded = index == 0 || is_blank_or_end(chars.get(index - 1));
        let (for_block, for_flow) = match c {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
            | '@' | '`'
                if index == 0 =>
            {
                (true, true)
            }
            '-' if index == 0 => (followed, followed),
            '?' if index == 0 => (followed, true),
            ':' => (followed, true),
            ',' | '?' | '[' | ']' | '{' | '}' => (false, true),
            '#' => (preceded, preceded),
            _ => (false, false),
        };
        block |= for_block;
        flow |= for_flow;
    }
    (block, flow)
}

/// Whether a plain text would be read as something else than a string.
pub fn reads_as_other(text: &str) -> bool {
    matches!(text, "<<" | "=")
        || !matches!(scalar::resolve(text), Ok(None))
        || scalar::is_timestamp(text)
}
