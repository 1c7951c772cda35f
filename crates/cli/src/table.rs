//! Tables for people: a line of titles, columns aligned on the left, two spaces between them.

/// Writes rows under their titles. Without rows there is only the sentence that says so.
pub(crate) fn table<const N: usize>(titles: [&str; N], rows: &[[String; N]], empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    let titles = titles.map(str::to_owned);
    let lines = || std::iter::once(&titles).chain(rows);
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
    let line = |(name, value): &(&str, String)| format!("{name:<width$}  {value}").trim_end().to_owned();
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["1".to_owned(), "a long name".to_owned()], ["22".to_owned(), "é".to_owned()]];
        assert_eq!(table(["ID", "NAME"], &rows, "none"), "ID  NAME\n1   a long name\n22  é");
        assert_eq!(table::<2>(["ID", "NAME"], &[], "none"), "none");
        assert_eq!(fields(&[("ID", "1".to_owned()), ("Title", String::new())]), "ID     1\nTitle");
    }
}
