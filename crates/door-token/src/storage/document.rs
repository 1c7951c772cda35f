//! The calls of storages in the OpenAPI document. One handler takes them all, so they are listed here, form by form.

mod calls;

use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HttpMethod, KnownFormat, ObjectBuilder, OpenApi, Required, ResponseBuilder, SchemaFormat, Type,
};

use self::calls::{CALLS, Described};

/// Adds the calls to a document.
pub(crate) fn describe(document: &mut OpenApi) {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
    for call in CALLS {
        document.paths.add_path_operation(call.path, vec![method(call.method)], operation(call));
    }
}

fn method(name: &str) -> HttpMethod {
    match name {
        "PUT" => HttpMethod::Put,
        "POST" => HttpMethod::Post,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(call: &Described) -> Operation {
    let mut operation = OperationBuilder::new().tag(call.tag).summary(Some(call.summary)).operation_id(Some(call.id()));
    if !call.description.is_empty() {
        operation = operation.description(Some(call.description));
    }
    for name in segments(call.path) {
        operation = operation.parameter(parameter(name, ParameterIn::Path, Required::True));
    }
    for name in call.parameters {
        let (name, required) = name.strip_prefix('!').map_or((*name, Required::False), |name| (name, Required::True));
        operation = operation.parameter(parameter(name, ParameterIn::Query, required));
    }
    if call.takes_file {
        let body = RequestBodyBuilder::new()
            .description(Some("The file: as the body itself, or as a part of it whatever the part is called"))
            .content("application/octet-stream", ContentBuilder::new().schema(Some(bytes())).build());
        operation = operation.request_body(Some(body.build()));
    }
    for (status, text) in REFUSALS {
        operation = operation.response(*status, ResponseBuilder::new().description(*text).build());
    }
    operation.response("200", answer(call)).security(SecurityRequirement::new(SCHEME, NO_SCOPES)).build()
}

fn answer(call: &Described) -> utoipa::openapi::Response {
    let answer = ResponseBuilder::new().description(call.answer);
    match call.example {
        "" => answer.build(),
        "bytes" => {
            answer.content("application/octet-stream", ContentBuilder::new().schema(Some(bytes())).build()).build()
        }
        example => {
            let example: Option<Value> = serde_json::from_str(example).ok();
            let schema = ObjectBuilder::new().schema_type(Type::Object).examples(example.clone());
            let content = ContentBuilder::new().schema(Some(schema)).example(example);
            answer.content("application/json", content.build()).build()
        }
    }
}

fn bytes() -> utoipa::openapi::Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
}

fn parameter(name: &str, place: ParameterIn, required: Required) -> ParameterBuilder {
    let text = DESCRIPTIONS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let schema = ObjectBuilder::new().schema_type(Type::String);
    ParameterBuilder::new().name(name).parameter_in(place).required(required).description(text).schema(Some(schema))
}

/// The names in a path.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

const SCHEME: &str = "access_token";
const NO_SCOPES: [&str; 0] = [];

/// What names in paths and queries mean.
const DESCRIPTIONS: &[(&str, &str)] = &[
    ("version", "`v`, digits, a dot, digits; all versions mean the same"),
    ("product", "Lower-case letters and digits; all products share the storages, and choose the casing of answers"),
    ("path", "Names between slashes, `%2F` or `/`; the root when it is empty"),
    ("srcPath", "What is copied or moved"),
    ("storageName", "A storage of the site; the application's default storage when it is not given"),
    ("storage", "A storage of the site; the application's default storage when it is not given"),
    ("srcStorageName", "Where the source is; the default storage when it is not given"),
    ("destStorageName", "Where the destination is; the default storage when it is not given"),
    ("destStorage", "Where the destination is; as the source when it is not given"),
    ("destPath", "The whole path of the destination"),
    ("newdest", "The whole path of the copy"),
    ("src", "What is moved"),
    ("dest", "The whole path of the destination"),
    ("versionId", "A version of the file; the latest when it is not given"),
    ("recursive", "`true`: with all that is in the folder"),
    ("limit", "Most entries of the answer: 1 to 10000; all when it is not given"),
    ("after", "The name of the last entry that is known, with a slash behind that of a folder"),
];

/// The refusals that every call can meet; each has the object of its product's family.
const REFUSALS: &[(&str, &str)] = &[
    ("400", "A path or parameter cannot be used, or the call cannot be done like this"),
    ("401", "The access token is missing, expired or not good; `WWW-Authenticate` says which"),
    ("403", "The token's scopes or the application's grants do not allow this"),
    ("404", "No such file, folder, version or storage"),
    ("413", "The file is larger than a file may be"),
    ("421", "The request leads to no site"),
    ("503", "Store or back end cannot be used; `Retry-After` says when to try again"),
    ("507", "The storage's quota would be exceeded, or its back end is full"),
];
