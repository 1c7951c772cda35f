//! Device variables.

use countersign_domain::licensing::DeviceVariable;
use serde::Serialize;
use utoipa::ToSchema;

use crate::time::instant;

/// A variable as it is read.
#[derive(Serialize, ToSchema)]
pub(crate) struct VariableBody {
    #[schema(example = 31)]
    id: i64,
    #[schema(example = "lang")]
    variable: String,
    #[schema(example = "hr")]
    value: String,
    #[schema(example = 9)]
    device_id: i64,
    #[schema(example = "2031-05-06T00:00:00.000Z")]
    created_at: String,
}

/// A variable as it is answered when it was written: without an id, and with a time in numbers.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrackedVariable {
    #[schema(example = "lang")]
    variable: String,
    #[schema(example = "hr")]
    value: String,
    #[schema(example = 9)]
    device_id: i64,
    /// Milliseconds since 1970.
    created_at: i64,
}

pub(crate) fn stored(variable: &DeviceVariable) -> VariableBody {
    VariableBody {
        id: variable.id.0,
        variable: variable.name.clone(),
        value: variable.value.clone(),
        device_id: variable.device.0,
        created_at: instant(variable.written_at),
    }
}

pub(crate) fn tracked(variable: &DeviceVariable) -> TrackedVariable {
    TrackedVariable {
        variable: variable.name.clone(),
        value: variable.value.clone(),
        device_id: variable.device.0,
        created_at: variable.written_at.as_millis(),
    }
}
