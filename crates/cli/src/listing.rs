//! Lists that can be long: read from the store in parts, and printed as the parts come.

use anyhow::Result;
use countersign_app::Page;
use serde_json::Value;

use crate::output::{Output, line};
use crate::table::table;

/// Something that is listed in `N` columns.
pub(crate) trait Listed<const N: usize> {
    /// Titles of the columns.
    const TITLES: [&'static str; N];
    /// What is said when there is nothing to list.
    const EMPTY: &'static str;

    /// Row id, after which the next part of the list begins.
    fn position(&self) -> i64;

    /// The same for programs.
    fn document(&self) -> Value;

    /// The columns.
    fn row(&self) -> [String; N];
}

/// Which part of a list is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    /// Row id after which it begins.
    pub(crate) after: i64,
    /// Most rows; `None`: all.
    pub(crate) limit: Option<u32>,
}

impl Extent {
    /// The whole list.
    pub(crate) const ALL: Self = Self { after: 0, limit: None };
}

/// Prints a list while it is read. Each part has its own widths of columns, because nobody has seen the next part yet.
pub(crate) async fn print<T: Listed<N>, const N: usize>(
    output: Output,
    extent: Extent,
    read: impl AsyncFnMut(Page) -> Result<Vec<T>>,
) -> Result<()> {
    let mut printer = Printer { output, begun: false, pending: None };
    walk(extent, read, |part| printer.print(&part)).await?;
    printer.end::<T, N>();
    Ok(())
}

/// All rows of a list that people keep short.
pub(crate) async fn collect<T: Listed<N>, const N: usize>(
    read: impl AsyncFnMut(Page) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    walk(Extent::ALL, read, |part| all.extend(part)).await?;
    Ok(all)
}

/// Reads part after part.
async fn walk<T: Listed<N>, const N: usize>(
    extent: Extent,
    mut read: impl AsyncFnMut(Page) -> Result<Vec<T>>,
    mut take: impl FnMut(Vec<T>),
) -> Result<()> {
    let mut left = extent.limit;
    let mut after = extent.after;
    loop {
        let limit = left.map_or(PART, |left| left.min(PART));
        if limit == 0 {
            return Ok(());
        }
        let part = read(Page { after, limit }).await?;
        let rows = u32::try_from(part.len()).unwrap_or(u32::MAX);
        match part.last() {
            Some(last) => after = last.position(),
            None => return Ok(()),
        }
        take(part);
        if rows < limit {
            return Ok(());
        }
        left = left.map(|left| left.saturating_sub(rows));
    }
}

/// What was printed of a list so far.
struct Printer {
    output: Output,
    begun: bool,
    /// A document that is printed when it is known whether a comma follows.
    pending: Option<String>,
}

impl Printer {
    fn print<T: Listed<N>, const N: usize>(&mut self, part: &[T]) {
        if self.output.json {
            for document in part.iter().map(Listed::document) {
                line(&self.pending.replace(indented(&document)).map_or_else(|| "[".to_owned(), |last| last + ","));
            }
        } else {
            let rows: Vec<[String; N]> = part.iter().map(Listed::row).collect();
            let text = table(T::TITLES, &rows, T::EMPTY);
            // The titles are the first line; they stand once over the whole list.
            let rest = if self.begun { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
            line(rest);
        }
        self.begun = true;
    }

    fn end<T: Listed<N>, const N: usize>(self) {
        match (self.output.json, self.pending) {
            (true, Some(last)) => line(&format!("{last}\n]")),
            (true, None) => line("[]"),
            (false, _) if !self.begun => line(T::EMPTY),
            (false, _) => {}
        }
    }
}

/// A document as it stands in a list of documents.
fn indented(document: &Value) -> String {
    let lines: Vec<String> = format!("{document:#}").lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

/// Rows of one part: as many as are read from the store at once.
const PART: u32 = 1000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Row(i64);

    impl Listed<1> for Row {
        const TITLES: [&'static str; 1] = ["ID"];
        const EMPTY: &'static str = "none";

        fn position(&self) -> i64 {
            self.0
        }

        fn document(&self) -> Value {
            json!({ "id": self.0 })
        }

        fn row(&self) -> [String; 1] {
            [self.0.to_string()]
        }
    }

    /// The rows 1 to `last` in parts, and the pages that were asked for.
    async fn walked(extent: Extent, last: i64) -> (Vec<i64>, Vec<(i64, u32)>) {
        let (mut rows, mut pages) = (Vec::new(), Vec::new());
        let read = async |page: Page| {
            pages.push((page.after, page.limit));
            let end = last.min(page.after + i64::from(page.limit));
            Ok((page.after + 1..=end).map(Row).collect())
        };
        walk(extent, read, |part: Vec<Row>| rows.extend(part.iter().map(|row| row.0))).await.unwrap();
        (rows, pages)
    }

    #[tokio::test]
    async fn every_row_comes_once() {
        for last in [0, 1, 999, 1000, 1001, 2000, 2500] {
            let (rows, _) = walked(Extent::ALL, last).await;
            assert_eq!(rows, (1..=last).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn no_more_is_read_than_is_wanted() {
        let (rows, pages) = walked(Extent { after: 10, limit: Some(1500) }, 9999).await;
        assert_eq!(rows, (11..=1510).collect::<Vec<_>>());
        assert_eq!(pages, [(10, 1000), (1010, 500)]);
        assert_eq!(walked(Extent { after: 0, limit: Some(2000) }, 2000).await.1.len(), 2);
        assert!(walked(Extent { after: 7, limit: Some(3) }, 5).await.0.is_empty());
    }
}
