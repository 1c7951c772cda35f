//! Tables for people: a line of titles, columns aligned on the left, two spaces between them.
//!
//! What stands in a cell may have come from a device. A line break or a tab in it would look like a row or a column of its
//! own, so a cell has none.

/// Writes rows under their titles. Without rows there is only the sentence that says so.
pub(crate) fn table<const N: usize>(titles: [&str; N], rows: &[[String; N]], empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    let titles = titles.map(str::to_owned);
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| in_one_line(cell))).collect();
    let lines = || std::iter::once(&titles).chain(&rows);
    let width = |column: usize| lines().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Writes named values, one a line, the values aligned.
pub(crate) fn fields(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, value): &(&str, String)| format!("{name:<width$}  {}", in_one_line(value)).trim_end().to_owned();
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A text with a blank for everything that ends a line, moves the cursor or disguises the order of letters.
fn in_one_line(text: &str) -> String {
    let moves = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if moves(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_look_like_another_row_or_column() {
        let rows = [["1".to_owned(), "pass\n2   fail\tx\r\u{2028}\u{202e}y".to_owned()]];
        assert_eq!(table(["ROW", "VALUE"], &rows, "none"), "ROW  VALUE\n1    pass 2   fail x   y");
        assert_eq!(fields(&[("ID", "1\nStatus  valid".to_owned())]), "ID  1 Status  valid");
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["1".to_owned(), "a long name".to_owned()], ["22".to_owned(), "é".to_owned()]];
        assert_eq!(table(["ID", "NAME"], &rows, "none"), "ID  NAME\n1   a long name\n22  é");
        assert_eq!(table::<2>(["ID", "NAME"], &[], "none"), "none");
        assert_eq!(fields(&[("ID", "1".to_owned()), ("Title", String::new())]), "ID     1\nTitle");
    }
}
