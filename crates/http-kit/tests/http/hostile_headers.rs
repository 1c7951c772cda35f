//! Nothing that a client puts into a header makes us panic, hang, or send something that is not an answer.

use http::{HeaderValue, Method};

use crate::file::{ask, check_common};

#[tokio::test]
async fn every_value_in_every_header_gets_an_answer() {
    let names = ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
    let mut asked = 0;
    for value in values() {
        for name in names {
            for method in [Method::GET, Method::HEAD] {
                let alone = [(name, value.clone())];
                check_common(&method, &ask(&method, &alone).await);
                // The same beside a range that would be served.
                let beside = [("range", HeaderValue::from_static("bytes=1-2,5-6")), (name, value.clone())];
                check_common(&method, &ask(&method, &beside).await);
                asked += 2;
            }
        }
    }
    assert!(asked > 1000, "{asked}");
}

fn values() -> Vec<HeaderValue> {
    let mut values: Vec<Vec<u8>> = [
        "",
        " ",
        ",",
        ",,,,",
        "*",
        "**",
        "*,*",
        "=",
        "==",
        "-",
        "--",
        "\"",
        "\"\"",
        "\"\"\"",
        "W/",
        "W/\"",
        "W/\"\"",
        "w/\"\"",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=--",
        "bytes=-,",
        "bytes==0-1",
        "bytes=0-1=",
        "bytes=0-1-",
        "bytes=1e3-",
        "bytes=0x10-",
        "bytes=\u{0}-",
        "bytes=-0",
        "bytes=-00000",
        "bytes=999-999",
        "bytes=1000-",
        "bytes=18446744073709551615-18446744073709551615",
        "bytes=18446744073709551616-18446744073709551617",
        "bytes=-18446744073709551616",
        "bytes=0-0,18446744073709551616-",
        "bytes=340282366920938463463374607431768211456-",
        "bytes=0-,-1,0-,-1",
        "bytes=5-5,4-4,3-3,2-2,1-1,0-0",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 0000 00:00:00 GMT",
        "Fri, 31 Dec 99999 23:59:59 GMT",
        "Mon, 99 Xyz 1994 99:99:99 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "-1",
        "0",
        "9e99",
        "NaN",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    values.extend([
        b"\x80\xff\xfe".to_vec(),
        b"\"\x80\xff\"".to_vec(),
        b"bytes=\xff-\xff".to_vec(),
        b"bytes=0-\xd9\xa3".to_vec(),
        vec![b','; 60_000],
        vec![b'"'; 60_001],
        vec![b'9'; 60_000],
        [b"bytes=".to_vec(), vec![b'9'; 60_000]].concat(),
        [b"bytes=".to_vec(), vec![b'-'; 60_000]].concat(),
        [b"bytes=".to_vec(), b"0-,".repeat(20_000)].concat(),
        [b"bytes=".to_vec(), b" ,\t".repeat(20_000), b"7-7".to_vec()].concat(),
        b"\"x\",".repeat(15_000),
        b"W/\"x\" , ".repeat(8_000),
    ]);
    // Each single byte, alone and where a number belongs.
    for byte in (0x20..=0xff).filter(|byte| *byte != 0x7f) {
        values.push(vec![byte]);
        values.push([b"bytes=0".as_slice(), &[byte], b"5"].concat());
    }
    values.into_iter().filter_map(|value| HeaderValue::from_bytes(&value).ok()).collect()
}
