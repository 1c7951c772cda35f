//! Bodies of devices never make their readers panic; what is read is bounded, and a polling ID brings questions back.
#![no_main]

use countersign_app::polling::fuzzing::carried;
use countersign_domain::device::{DeviceIdentity, IDENTITY_LIMIT};
use countersign_domain::report::{EVENT_NAME_LIMIT, EVENT_VALUE_LIMIT, REASON_LIMIT};
use countersign_door_device::fuzzing::{Said, read_as_every_call};
use libfuzzer_sys::fuzz_target;

fn text(text: &str) {
    assert!(text.len() <= IDENTITY_LIMIT && text == text.trim() && !text.contains('\0'), "{text:?}");
}

fn prose(text: &str, characters: usize) {
    assert!(text.chars().count() <= characters && !text.contains('\0'), "{text:?}");
}

fn identity(DeviceIdentity { id, id_type, publisher_name }: &DeviceIdentity) {
    [id, id_type, publisher_name].into_iter().for_each(|part| text(part));
}

fuzz_target!(|bytes: &[u8]| {
    for said in read_as_every_call(bytes) {
        match said {
            Said::Asks(asked) => assert_eq!(carried(asked.clone()), Some(asked)),
            Said::Registers(registration) => {
                identity(&registration.identity);
                text(&registration.identity_name);
            }
            Said::Reports(report) => {
                report.identity.iter().for_each(identity);
                [&report.package, &report.platform].into_iter().for_each(|part| text(part));
                prose(&report.reason, REASON_LIMIT);
                prose(&report.update_name, IDENTITY_LIMIT);
            }
            Said::Logs(device, event) => {
                identity(&device);
                assert!(!event.name.is_empty());
                [&event.name, &event.group].into_iter().for_each(|title| prose(title, EVENT_NAME_LIMIT));
                prose(&event.value, EVENT_VALUE_LIMIT);
            }
        }
    }
});
