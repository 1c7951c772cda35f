//! Units that change more pages than SQLite keeps in memory to undo them.

use super::*;
use crate::connection::PAGE;

/// Rows whose index is far larger than what is kept in memory.
const ROWS: i64 = 60_000;
/// A unit adds one beside every so many of them, and so changes nearly every page of the index.
const EVERY: i64 = 30;

/// A unit that writes products in between those that are there.
fn between(bench: &Bench, letter: char, keep: bool) -> Waiting {
    let site = bench.site;
    bench.add(Box::new(move |tx| {
        Box::pin(async move {
            for number in (0..ROWS / EVERY).map(|place| place * EVERY) {
                let name = ProductName::new(format!("{number:060}{letter}")).unwrap();
                tx.products().insert(site, &name, NOW).await.unwrap();
            }
            keep
        })
    }))
}

#[test]
fn a_unit_that_changes_much_is_kept_or_undone_like_any_other() {
    let mut bench = Bench::new();
    bench
        .connection
        .execute(
            "with recursive n (i) as (select 0 union all select i + 1 from n where i < ?2 - 1)
            insert into products (site, name, created_at) select ?1, format('%060d', i), 0 from n",
            (bench.site.0, ROWS),
        )
        .unwrap();
    let pages: i64 = bench.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    assert!(pages * PAGE > 8 << 20, "{pages} pages");
    let first = bench.product("first", true);
    let (undone, kept) = (between(&bench, 'u', false), between(&bench, 'k', true));
    bench.run();
    assert!([first, undone, kept].into_iter().all(|answer| answered(answer).is_ok()));
    let count = |like: &str| {
        let sql = "select count(*) from products where name like ?1";
        bench.connection.query_row::<i64, _, _>(sql, [like], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("%u"), count("%k"), count("first")), (0, ROWS / EVERY, 1));
    let check: String = bench.connection.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}
