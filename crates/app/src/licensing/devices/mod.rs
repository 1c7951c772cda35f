//! Devices as a producer administers them. Standalone devices also register by themselves; license servers and the devices
//! behind them are entered here.

mod add;
mod change;
mod find;

pub use add::{AddDeviceError, NewDevice, add};
pub use change::{ChangeDeviceError, Returned, give_back, retire, set_customer};
pub use find::{DeviceDetails, DeviceLicense, KnownDevice, ListDevicesError, find, list};
