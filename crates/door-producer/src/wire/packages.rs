//! Packages as JSON.

use countersign_app::packages::{DraftFile, FileSource, PackageDraft, name_in_url};
use countersign_crypto::encoding::hex_encode;
use countersign_domain::catalog::package::{ExternalFile, FileContent, Package, PackageFile};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::text::{PackageId, ProductName};
use serde::Serialize;
use utoipa::ToSchema;

use super::files::digest;
use super::members::{BodyProblem, Members};

/// A package: one release of a product. It never changes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PackageBody {
    /// ID, unique in the site; devices send it (`updateFromPkgId`)
    #[schema(example = "pump-4.2", max_length = 255)]
    package_id: String,
    /// Name of the product that it is a release of; it must exist
    #[schema(example = "Pump firmware")]
    product: String,
    /// Text for people
    #[schema(required = false, example = "Fixes the dosing alarm.")]
    description: String,
    /// Files in the order in which devices see them; none for a package that devices have installed already
    #[schema(required = false)]
    files: Vec<PackageFileBody>,
}

/// A file of a package: stored here (`sha256` alone), or on another server (`externalUrl`).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PackageFileBody {
    /// Name under which it is downloaded; for an external file it is the end of the URL's path, and need not be given
    #[schema(required = false, example = "pump.bin")]
    file_name: String,
    /// SHA-256 of the bytes, hexadecimal; without `externalUrl` it names a stored file
    #[schema(example = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58")]
    sha256: String,
    /// Absolute `http` or `https` URL of a file that is not stored here
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://files.example.com/pump.bin")]
    external_url: Option<String>,
    /// MD5 of the bytes, hexadecimal; to be given for an external file
    #[schema(required = false, example = "b6d81b360a5672d80c27430f39153e2c")]
    md5: String,
    /// Length in bytes; to be given for an external file
    #[schema(required = false, example = 1_048_576)]
    size: u64,
    /// Whether devices are told to run it after the download
    #[schema(required = false, example = false)]
    execute: bool,
}

impl From<&Package> for PackageBody {
    fn from(package: &Package) -> Self {
        Self {
            package_id: package.id.to_string(),
            product: package.product.name.to_string(),
            description: package.description.clone(),
            files: package.files.iter().map(PackageFileBody::from).collect(),
        }
    }
}

impl From<&PackageFile> for PackageFileBody {
    fn from(file: &PackageFile) -> Self {
        let external_url = match &file.content {
            FileContent::External(external) => Some(external.url.clone()),
            FileContent::Stored(_) => None,
        };
        Self {
            file_name: file.name.to_string(),
            sha256: hex_encode(file.content.sha256()),
            external_url,
            md5: hex_encode(file.content.md5()),
            size: file.content.size(),
            execute: file.execute,
        }
    }
}

/// Reads the body of a new package.
///
/// # Errors
/// [`BodyProblem`] names the first member that cannot be used. Rules between members are checked elsewhere.
pub fn read_package(body: &[u8]) -> Result<PackageDraft, BodyProblem> {
    let mut members = Members::read(body)?;
    Ok(PackageDraft {
        id: members.needed("packageId", PackageId::new)?,
        product: members.needed("product", ProductName::new)?,
        description: members.text("description")?.unwrap_or_default(),
        files: members.objects("files", read_file)?,
    })
}

fn read_file(mut members: Members) -> Result<DraftFile, BodyProblem> {
    const SHA256: &str = "it has 64 hexadecimal digits";
    const MD5: &str = "it has 32 hexadecimal digits";
    // Devices are told the URL alone, and refuse the whole package for one name that they would not write.
    const UNNAMED: &str = "its path must end with a plain file name, by which devices store the file";
    const OTHER_NAME: &str = "it must be the end of the URL's path, from which devices take the name";
    let name = members.optional("fileName", PlainFileName::new)?;
    let sha256 = members.needed("sha256", |text| digest(&text).ok_or(SHA256))?;
    let execute = members.flag("execute")?;
    let Some(url) = members.text("externalUrl")? else {
        let name = name.ok_or_else(|| members.missing("fileName"))?;
        return Ok(DraftFile { name, source: FileSource::Stored(sha256), execute });
    };
    let Some(in_url) = name_in_url(&url) else { return Err(members.refused("externalUrl", &UNNAMED)) };
    if name.is_some_and(|name| name != in_url) {
        return Err(members.refused("fileName", &OTHER_NAME));
    }
    let md5 = members.needed("md5", |text| digest(&text).ok_or(MD5))?;
    let size = members.needed_number("size")?;
    Ok(DraftFile { name: in_url, source: FileSource::External(ExternalFile { url, sha256, md5, size }), execute })
}
