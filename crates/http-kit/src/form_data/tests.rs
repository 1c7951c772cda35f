//! Bodies of clients, cut in every way, and bodies that are none.

use futures_util::stream;

use super::*;

type Parts = Vec<(PartHead, Vec<u8>)>;

async fn read_in(body: &[u8], boundary: &str, piece: usize) -> Result<Parts, String> {
    let pieces: Vec<_> = body.chunks(piece).map(|piece| Ok::<_, String>(Bytes::copy_from_slice(piece))).collect();
    let boundary = Boundary(boundary.as_bytes().to_vec());
    let mut form = FormData::new(stream::iter(pieces), &boundary);
    let mut parts = Vec::new();
    while let Some(head) = form.next_part().await.map_err(|error| error.to_string())? {
        let mut content = Vec::new();
        while let Some(bytes) = form.next_bytes().await.map_err(|error| error.to_string())? {
            assert!(!bytes.is_empty());
            content.extend_from_slice(&bytes);
        }
        parts.push((head, content));
    }
    Ok(parts)
}

/// The same whatever the pieces are.
async fn read(body: &[u8]) -> Result<Parts, String> {
    let whole = read_in(body, "b--1", usize::MAX).await;
    for piece in [1, 2, 3, 5, 7, 64] {
        assert_eq!(read_in(body, "b--1", piece).await, whole, "pieces of {piece}");
    }
    whole
}

fn file(name: &str, file_name: &str) -> PartHead {
    PartHead { name: Some(name.to_owned()), file_name: Some(file_name.to_owned()), content_type: None }
}

#[tokio::test]
async fn parts_are_what_stands_between_boundaries() {
    let every: Vec<u8> = (0..=255).chain(*b"\r\n--b--\r\n--b--2\r\n--b--1x\r\n--b--\r\r\n").collect();
    let body = [
        b"--b--1 \t\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\n\r\n".as_slice(),
        &every,
        b"\r\n--b--1\r\ncontent-disposition: form-data; name=note\r\nContent-Type: text/plain\r\n\r\n",
        b"\r\n--b--1\r\n\r\nno head\r\n--b--1--\r\n",
    ]
    .concat();
    let note =
        PartHead { name: Some("note".to_owned()), content_type: Some("text/plain".to_owned()), ..PartHead::default() };
    let parts = vec![(file("file", "a b.txt"), every), (note, Vec::new()), (PartHead::default(), b"no head".to_vec())];
    assert_eq!(read(&body).await, Ok(parts));
    assert_eq!(read(b"--b--1--").await, Ok(Vec::new()));
    assert_eq!(read(b"\r\n--b--1\r\n\r\nx\r\n--b--1--").await, Ok(vec![(PartHead::default(), b"x".to_vec())]));
}

#[tokio::test]
async fn what_is_cut_off_or_not_in_parts_is_an_error() {
    let whole = b"--b--1\r\nContent-Disposition: form-data; name=f\r\n\r\nbytes\r\n--b--1--";
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).await.is_err(), "{length}");
    }
    for body in [&b"x--b--1\r\n\r\nx\r\n--b--1--"[..], b"--b--1x\r\n\r\nx\r\n--b--1--", b"preamble\r\n--b--1--"] {
        assert!(read(body).await.is_err());
    }
    let long = [b"--b--1--".as_slice(), &[b'x'; 9000]].concat();
    assert!(read_in(&long, "b--1", 4000).await.is_err());
    let many = [b"--b--1\r\n\r\n\r\n".repeat(101), b"--b--1--".to_vec()].concat();
    assert!(read_in(&many, "b--1", usize::MAX).await.is_err());
    let head = [b"--b--1\r\nx: ".as_slice(), &[b'y'; 20_000], b"\r\n\r\n\r\n--b--1--"].concat();
    assert!(read_in(&head, "b--1", 1000).await.is_err());
}

#[tokio::test]
async fn a_source_that_breaks_is_told_apart() {
    let pieces = stream::iter([Ok(Bytes::from_static(b"--b\r\n\r\nhalf")), Err("gone")]);
    let mut form = FormData::new(pieces, &Boundary(b"b".to_vec()));
    assert!(form.next_part().await.unwrap().is_some());
    let mut last = form.next_bytes().await;
    while let Ok(Some(_)) = last {
        last = form.next_bytes().await;
    }
    assert!(matches!(last, Err(FormDataError::Source("gone"))));
}

#[test]
fn file_names_in_all_their_spellings() {
    for (line, expected) in [
        ("form-data; name=\"f\"; filename=\"a;b=c.txt\"", "a;b=c.txt"),
        ("form-data;filename=plain.txt;name=f", "plain.txt"),
        ("form-data; name=f; filename=\"say \\\"hi\\\"\\\\.txt\"", "say \"hi\"\\.txt"),
        ("form-data; name=f; filename=\"C:\\dir\\a.txt\"", "C:\\dir\\a.txt"),
        ("form-data; name=f; FileName=\"caf\u{e9}\"", "caf\u{e9}"),
        ("form-data; name=f; filename=old; filename*=UTF-8''n%c3%a9w%20x", "n\u{e9}w x"),
        ("form-data; name=f; filename=\"\"", ""),
        ("form-data; name=f; x; filename=\"open", "open"),
    ] {
        let head = PartHead::read(format!("Content-Disposition: {line}").as_bytes());
        assert_eq!(head, file("f", expected), "{line}");
    }
    let latin1 = PartHead::read(b"content-disposition: form-data; name=f; filename=\"caf\xe9\"");
    assert_eq!(latin1, file("f", "caf\u{e9}"));
    for line in ["form-data; name=f", "form-data; name=f; filename", "form-data; name=f;;;"] {
        let head = PartHead::read(format!("Content-Disposition: {line}").as_bytes());
        assert_eq!((head.name.as_deref(), head.file_name), (Some("f"), None), "{line}");
    }
}

#[test]
fn boundaries_of_types() {
    let longest = "x".repeat(70);
    for (value, expected) in [
        ("multipart/form-data; boundary=abc", Some("abc")),
        ("Multipart/Mixed;charset=utf-8; Boundary=\"a b\"", Some("a b")),
        (&format!("multipart/form-data; boundary={longest}"), Some(&*longest)),
        (&format!("multipart/form-data; boundary={longest}x"), None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data", None),
        ("application/octet-stream; boundary=abc", None),
        ("multi", None),
    ] {
        let found = Boundary::of(&HeaderValue::from_str(value).unwrap());
        assert_eq!(found, expected.map(|text| Boundary(text.as_bytes().to_vec())), "{value}");
    }
    let boundary = Boundary(b"abc".to_vec());
    assert_eq!(boundary.begin_length(), 7);
    for (body, begins) in [("--abc\r\n", true), ("\r\n--abc", true), ("--ab", false), ("abc", false), ("", false)] {
        assert_eq!(boundary.begins(body.as_bytes()), begins, "{body}");
    }
}
