//! Descriptions: the small part of CommonMark that our documents use.
//!
//! Paragraphs, lists of one level, fenced code, `code`, `**strong**`, and links to `https:`, `http:` and anchors of the
//! page. Anything else is shown as it is written.

use super::html::Html;

/// Adds a description, if there is one.
pub(super) fn render(html: &mut Html, markdown: Option<&str>) {
    let Some(markdown) = markdown else { return };
    html.raw("<div class=\"prose\">");
    let mut open = Block::None;
    for line in markdown.lines() {
        if open == Block::Code {
            if line.trim_start().starts_with("```") {
                open.change(html, Block::None);
            } else {
                html.text(line).raw("\n");
            }
            continue;
        }
        let line = line.trim();
        if line.is_empty() {
            open.change(html, Block::None);
        } else if line.starts_with("```") {
            open.change(html, Block::Code);
        } else if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            open.change(html, Block::List);
            html.raw("<li>");
            inline(html, item);
        } else if let Some(heading) = line.strip_prefix('#') {
            open.change(html, Block::None);
            html.raw("<p><strong>");
            inline(html, heading.trim_start_matches('#').trim());
            html.raw("</strong></p>");
        } else {
            if open == Block::None {
                open.change(html, Block::Paragraph);
            } else {
                html.raw("\n");
            }
            inline(html, line);
        }
    }
    open.change(html, Block::None);
    html.raw("</div>\n");
}

/// Adds one line of text with its inline marks.
pub(super) fn inline(html: &mut Html, line: &str) {
    let mut rest = line;
    while let Some(start) = rest.find(['`', '*', '[']) {
        let Some((before, marked)) = rest.split_at_checked(start) else { break };
        html.text(before);
        if let Some((code, behind)) = between(marked, "`", "`") {
            html.raw("<code>").text(code).raw("</code>");
            rest = behind;
        } else if let Some((strong, behind)) = between(marked, "**", "**") {
            html.raw("<strong>").text(strong).raw("</strong>");
            rest = behind;
        } else if let Some((label, url, behind)) = link(marked) {
            html.raw("<a href=\"").text(url).raw("\">").text(label).raw("</a>");
            rest = behind;
        } else {
            // The mark means nothing here. All three are one byte long.
            let Some((mark, behind)) = marked.split_at_checked(1) else { break };
            html.text(mark);
            rest = behind;
        }
    }
    html.text(rest);
}

/// What is being written, so that it can be closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Code,
    List,
    None,
    Paragraph,
}

impl Block {
    /// Closes what is open, unless it is the same list, and opens the next.
    fn change(&mut self, html: &mut Html, next: Self) {
        if (*self, next) == (Self::List, Self::List) {
            html.raw("</li>");
            return;
        }
        match self {
            Self::Code => html.raw("</code></pre>"),
            Self::List => html.raw("</li></ul>"),
            Self::None => html,
            Self::Paragraph => html.raw("</p>"),
        };
        match next {
            Self::Code => html.raw("<pre><code>"),
            Self::List => html.raw("<ul>"),
            Self::None => html,
            Self::Paragraph => html.raw("<p>"),
        };
        *self = next;
    }
}

/// Text between two marks at the front, and what is behind them. Marks around nothing are no marks.
fn between<'a>(text: &'a str, opening: &str, closing: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(opening)?.split_once(closing).filter(|(inner, _)| !inner.is_empty())
}

/// `[label](url)` at the front. Only addresses that a browser follows without running anything.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, behind) = between(text, "[", "]")?;
    let (url, behind) = between(behind, "(", ")")?;
    ["https://", "http://", "#"].iter().any(|prefix| url.starts_with(prefix)).then_some((label, url, behind))
}
