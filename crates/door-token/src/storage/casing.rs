//! One model in two casings: `Uploaded` for some products, `uploaded` for others (contract §3.4).

use serde::ser::{Serialize, SerializeMap, Serializer};

/// How the members of answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Casing {
    /// `isFolder`
    Camel,
    /// `IsFolder`
    Pascal,
    /// Each member twice, for products whose clients are of both kinds, or that we do not know.
    Both,
}

impl Casing {
    /// What the clients of a product can read.
    pub(crate) fn of_product(product: &str) -> Self {
        match product {
            "words" | "pdf" | "cells" => Self::Pascal,
            "imaging" | "email" | "cad" | "conversion" | "html" => Self::Camel,
            // Of slides and tasks, clients in different languages read different ones.
            _ => Self::Both,
        }
    }
}

/// Something with members that have a name in either casing.
pub(crate) trait Model {
    /// Gives every member to the writer, in order.
    fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error>;
}

/// Writes the members of an object.
pub(crate) struct Members<M> {
    map: M,
    casing: Casing,
}

impl<M: SerializeMap> Members<M> {
    /// Writes a member with its two names.
    pub(crate) fn add<V: Serialize + ?Sized>(&mut self, (pascal, camel): Names, value: &V) -> Result<(), M::Error> {
        if self.casing != Casing::Camel {
            self.map.serialize_entry(pascal, value)?;
        }
        if self.casing != Casing::Pascal {
            self.map.serialize_entry(camel, value)?;
        }
        Ok(())
    }

    /// Writes a member that is a list of objects.
    pub(crate) fn add_list<V: Model>(&mut self, names: Names, values: &[V]) -> Result<(), M::Error> {
        self.add(names, &CasedList(values, self.casing))
    }
}

/// A member's name in Pascal case and in camel case.
pub(crate) type Names = (&'static str, &'static str);

/// An object in a casing.
pub(crate) struct Cased<'a, V>(pub(crate) &'a V, pub(crate) Casing);

impl<V: Model> Serialize for Cased<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = Members { map: serializer.serialize_map(None)?, casing: self.1 };
        self.0.members(&mut members)?;
        members.map.end()
    }
}

struct CasedList<'a, V>(&'a [V], Casing);

impl<V: Model> Serialize for CasedList<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|value| Cased(value, self.1)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    struct Leaf;

    impl Model for Leaf {
        fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
            to.add(("IsFolder", "isFolder"), &true)
        }
    }

    struct Tree;

    impl Model for Tree {
        fn members<M: SerializeMap>(&self, to: &mut Members<M>) -> Result<(), M::Error> {
            to.add_list(("Value", "value"), &[Leaf])
        }
    }

    #[test]
    fn members_are_cased_all_the_way_down() {
        let (pascal, camel) = (json!({ "IsFolder": true }), json!({ "isFolder": true }));
        let both = json!({ "IsFolder": true, "isFolder": true });
        let cased = |casing| to_value(Cased(&Tree, casing)).unwrap();
        assert_eq!(cased(Casing::Pascal), json!({ "Value": [pascal] }));
        assert_eq!(cased(Casing::Camel), json!({ "value": [camel] }));
        assert_eq!(cased(Casing::Both), json!({ "Value": [both], "value": [both] }));
    }

    #[test]
    fn products_have_their_casing() {
        assert_eq!(Casing::of_product("words"), Casing::Pascal);
        assert_eq!(Casing::of_product("imaging"), Casing::Camel);
        assert_eq!(Casing::of_product("viewer"), Casing::Both);
    }
}
