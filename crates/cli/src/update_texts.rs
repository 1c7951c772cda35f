//! Titles and descriptions of an update on the command line, in one language or several.

use anyhow::{Result, ensure};
use clap::Args;
use countersign_domain::catalog::update::LanguageText;
use countersign_domain::device::Language;

/// Texts of an update.
#[derive(Args)]
pub(crate) struct UpdateTexts {
    /// Windows language identifier of the texts, such as 1033 for US English; repeat it, with --title and
    /// --description in the same order, for more languages.
    #[arg(long = "language", value_name = "N", default_value = "1033")]
    languages: Vec<u32>,
    /// Title that devices show [default: the ID of the package delivered].
    #[arg(long = "title", value_name = "TEXT")]
    titles: Vec<String>,
    /// Description that devices show.
    #[arg(long = "description", value_name = "TEXT")]
    descriptions: Vec<String>,
}

impl UpdateTexts {
    /// The texts, one for each language; `title` stands in where none is given at all.
    pub(crate) fn rows(&self, title: &str) -> Result<Vec<LanguageText>> {
        let languages = self.languages.len();
        for (option, texts) in [("--title", &self.titles), ("--description", &self.descriptions)] {
            ensure!(
                texts.is_empty() || texts.len() == languages,
                "give {option} once for each --language, or not at all: {} for {languages}",
                texts.len()
            );
        }
        let text = |(position, language): (usize, &u32)| LanguageText {
            language: Language(*language),
            title: self.titles.get(position).map_or(title, String::as_str).to_owned(),
            description: self.descriptions.get(position).cloned().unwrap_or_default(),
        };
        Ok(self.languages.iter().enumerate().map(text).collect())
    }

    /// The description used where a language has none.
    pub(crate) fn description(&self) -> String {
        self.descriptions.first().cloned().unwrap_or_default()
    }
}
