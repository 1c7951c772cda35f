//! What was answered, and whether it is so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Answer, Installation};
use serde_json::Value;

use crate::application::{ACTIVATED, Application, COUNTED, Call, DEVICES, FEATURE, Meter, UNITS, Wish};

/// What the answers so far amount to.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    state: State,
    /// For each stream, its last call with a key, and the answer.
    kept: BTreeMap<usize, (Call, Answer)>,
    outcomes: BTreeMap<Outcome, u32>,
}

/// Devices and units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    active: BTreeSet<String>,
    license: i64,
    feature: i64,
}

/// What can become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Activated,
    /// There was no room for the device.
    Full,
    Released,
    Counted,
    /// There were too few units.
    TooFew,
    /// There was no answer, and its key settled what became of it.
    Settled,
    /// There was no answer, and no key.
    Uncertain,
}

impl Ledger {
    /// The devices that have the license.
    pub(crate) fn active(&self) -> &BTreeSet<String> {
        &self.state.active
    }

    /// Enters what was answered before the kill, and compares it with what the next server has. Each call that got no answer
    /// has happened, or has not.
    pub(crate) fn compare(
        &mut self,
        installation: &Installation,
        application: &Application,
        answered: Vec<(Call, Answer)>,
        unanswered: Vec<Call>,
    ) -> Result<()> {
        for (call, answer) in answered {
            self.enter(&call, &answer)?;
            if call.key.is_some() {
                self.kept.insert(call.stream, (call, answer));
            }
        }
        self.state.clone().adopt(&State::read(installation)?, &unanswered)?;

        // What was answered is answered in the same way, and nothing is done.
        for (call, answer) in self.kept.values() {
            same(application, call, answer)?;
        }
        let (with_key, without): (Vec<_>, Vec<_>) = unanswered.into_iter().partition(|call| call.key.is_some());
        for call in with_key {
            let answer = application.send(&call)?;
            self.enter(&call, &answer)?;
            same(application, &call, &answer)?;
            self.count(Outcome::Settled);
        }
        without.iter().for_each(|_| self.count(Outcome::Uncertain));
        self.state.adopt(&State::read(installation)?, &without)?;
        self.is_the_limit(application)
    }

    /// Enters an answer.
    fn enter(&mut self, call: &Call, answer: &Answer) -> Result<()> {
        let refusal = if answer.status == 200 { None } else { Some(answer.json()?["code"].clone()) };
        let outcome = match (call.wish, refusal) {
            (Wish::Activate, None) => {
                self.state.active.insert(call.device.clone());
                Outcome::Activated
            }
            (Wish::Activate, Some(code)) if code == "license_activated_max_times" => Outcome::Full,
            (Wish::Release, None) => {
                self.state.active.remove(&call.device);
                Outcome::Released
            }
            (Wish::Count(meter, units), None) => {
                let total = answer.json()?["total_consumptions"].as_i64().context("no total")?;
                ensure!(total <= UNITS, "{total} units of {UNITS}");
                *self.state.units(meter) += units;
                Outcome::Counted
            }
            (Wish::Count(..), Some(code)) if code == "license_not_enough_consumptions" => Outcome::TooFew,
            (_, refusal) => anyhow::bail!("{call:?}: {} {refusal:?}", answer.status),
        };
        self.count(outcome);
        Ok(())
    }

    /// Of what is left, not one unit more can be counted than there is.
    fn is_the_limit(&mut self, application: &Application) -> Result<()> {
        for meter in [Meter::License, Meter::Feature] {
            let units = UNITS - *self.state.units(meter) + 1;
            let device = crate::streams::meter(crate::streams::FIRST_METER);
            let call = Call { stream: 0, device, wish: Wish::Count(meter, units), key: None };
            let answer = application.send(&call)?;
            self.enter(&call, &answer)?;
            ensure!(answer.status != 200, "{units} units more than there are were counted");
        }
        Ok(())
    }

    fn count(&mut self, outcome: Outcome) {
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    /// Demands some of everything.
    pub(crate) fn ensure_rich(&self, kills: u32) -> Result<()> {
        use Outcome::{Activated, Counted, Full, Released, Settled, TooFew, Uncertain};
        let some = [Activated, Full, Released, Counted, TooFew, Settled, Uncertain];
        let enough = some.iter().all(|outcome| self.outcomes.get(outcome).is_some_and(|count| *count >= kills / 2));
        ensure!(enough, "too little has happened to prove anything: {self}");
        Ok(())
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}; {} active, {} and {} units",
            self.outcomes,
            self.active().len(),
            self.state.license,
            self.state.feature
        )
    }
}

impl State {
    /// What the installation has.
    fn read(installation: &Installation) -> Result<Self> {
        let listed = installation.json(&["license", "activations", ACTIVATED])?;
        let id = |row: &Value| row["id"].as_str().map(str::to_owned).with_context(|| format!("no ID: {row}"));
        let active = listed.as_array().context("no list")?.iter().map(id).collect::<Result<BTreeSet<_>>>()?;
        let activations = installation.json(&["license", "show", ACTIVATED])?["activations"].clone();
        ensure!(activations == active.len(), "{} devices, and {activations} activations", active.len());
        ensure!(active.len() <= DEVICES, "{} devices of {DEVICES}", active.len());
        let counted = installation.json(&["license", "show", COUNTED])?;
        let units = |value: &Value| value.as_i64().with_context(|| format!("no units: {counted}"));
        let (license, feature) = (units(&counted["units"])?, units(&counted["feature_rules"][FEATURE]["counted"])?);
        ensure!(license.max(feature) <= UNITS, "{license} and {feature} units of {UNITS}");
        Ok(Self { active, license, feature })
    }

    fn units(&mut self, meter: Meter) -> &mut i64 {
        match meter {
            Meter::License => &mut self.license,
            Meter::Feature => &mut self.feature,
        }
    }

    /// Takes over what was found, if it is what it must be after some of the unanswered calls.
    fn adopt(&mut self, found: &Self, unanswered: &[Call]) -> Result<()> {
        let before = self.clone();
        for call in unanswered {
            match call.wish {
                Wish::Activate if found.active.contains(&call.device) => drop(self.active.insert(call.device.clone())),
                Wish::Release if !found.active.contains(&call.device) => drop(self.active.remove(&call.device)),
                Wish::Activate | Wish::Release | Wish::Count(..) => {}
            }
        }
        for meter in [Meter::License, Meter::Feature] {
            let (mut found, units) = (found.clone(), self.units(meter));
            let mut possible = BTreeSet::from([*units]);
            for call in unanswered {
                if let Wish::Count(of, more) = call.wish
                    && of == meter
                {
                    possible.extend(possible.clone().into_iter().map(|sum| sum + more));
                }
            }
            *units = *found.units(meter);
            ensure!(
                possible.contains(units),
                "{units} units of {meter:?}; possible are {possible:?} after {unanswered:?}"
            );
        }
        ensure!(self == found, "{found:?} was found after {unanswered:?} and {before:?}");
        Ok(())
    }
}

/// Demands that a call is answered in the same way again.
fn same(application: &Application, call: &Call, answer: &Answer) -> Result<()> {
    let again = application.send(call)?;
    ensure!(again == *answer, "{call:?} was answered with {answer:?}, and with {again:?} by the next server");
    Ok(())
}
