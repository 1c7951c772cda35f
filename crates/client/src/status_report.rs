//! What a device says about an update on its way.

use crate::{
    question::{DeviceClass, Identity, Question},
    updates::UpdateItem,
};

/// How far one update has come on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// Who reports; `None` for an anonymous device.
    pub device: Option<Identity>,
    /// What kind of device reports.
    pub device_class: DeviceClass,
    /// The update's ID.
    pub update_id: String,
    /// The producer's internal name of the update; may be empty.
    pub update_name: String,
    /// The package that the update delivers; may be empty.
    pub package: String,
    /// The producer's code of the platform; may be empty.
    pub platform: String,
    /// The Windows language identifier; `None` when it does not matter.
    pub language: Option<u32>,
    /// How far the update is.
    pub stage: UpdateStage,
    /// Why; may be empty. No more than the first 100 characters are sent.
    pub reason: String,
    /// When it happened, such as `2026-03-04T09:15:00Z` (RFC 3339); `None`: when the server hears of it.
    pub happened_at: Option<String>,
}

impl StatusReport {
    /// A report about an item of the list that answered a question, by the device that asked.
    #[must_use]
    pub fn about(question: &Question, item: &UpdateItem, stage: UpdateStage) -> Self {
        Self {
            device: question.device.clone(),
            device_class: question.device_class,
            update_id: item.update_id.clone(),
            update_name: item.update_name.clone(),
            package: item.to_package.clone(),
            platform: question.platform.clone(),
            language: Some(question.language),
            stage,
            reason: String::new(),
            happened_at: None,
        }
    }
}

/// How far an update is. The protocol has no number for an installation that failed: report
/// [`UpdateStage::InstallStarted`] with a reason, or log an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateStage {
    /// 0: the download has started.
    DownloadStarted,
    /// 1: every file is there and verified.
    DownloadCompleted,
    /// 2: the download has failed.
    DownloadFailed,
    /// 3: the installation has started.
    InstallStarted,
    /// 4: the update is installed.
    InstallCompleted,
    /// 8: somebody has been told of the update.
    MessageDelivered,
    /// A number without a published meaning.
    Other(i64),
}

impl UpdateStage {
    /// The stages with a published meaning.
    pub const PUBLISHED: [Self; 6] = [
        Self::DownloadStarted,
        Self::DownloadCompleted,
        Self::DownloadFailed,
        Self::InstallStarted,
        Self::InstallCompleted,
        Self::MessageDelivered,
    ];

    /// The number that stands for it on the wire.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::DownloadStarted => 0,
            Self::DownloadCompleted => 1,
            Self::DownloadFailed => 2,
            Self::InstallStarted => 3,
            Self::InstallCompleted => 4,
            Self::MessageDelivered => 8,
            Self::Other(code) => code,
        }
    }

    /// The stage of a number.
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        Self::PUBLISHED.into_iter().find(|stage| stage.code() == code).unwrap_or(Self::Other(code))
    }

    /// The stage in words; `None` for a number without a published meaning.
    #[must_use]
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::DownloadStarted => Some("download started"),
            Self::DownloadCompleted => Some("download completed"),
            Self::DownloadFailed => Some("download failed"),
            Self::InstallStarted => Some("install started"),
            Self::InstallCompleted => Some("install completed"),
            Self::MessageDelivered => Some("message delivered"),
            Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::UpdateStage;

    #[test]
    fn every_number_has_one_stage() {
        for code in -2..12 {
            let stage = UpdateStage::from_code(code);
            assert_eq!(stage.code(), code);
            assert_eq!(stage.words().is_some(), [0, 1, 2, 3, 4, 8].contains(&code), "{code}");
        }
    }
}
