//! `registry!`: one unit struct a claim, and the table of their constants.

/// Declares the claims of one source page and `ROWS`, the table of their constants.
///
/// A line is `Struct "ID" KIND GROUP SEVERITY "sentence" enforced [..] layers [..] maps [Framework "id", ..]
/// register (None | Some(Register)) => Status;`. Every part is written out: nothing is filled in.
macro_rules! registry {
    ($($name:ident $id:literal $kind:ident $group:ident $severity:ident $sentence:literal
       enforced [$($by:literal),*] layers [$($layer:ident),*] maps [$($framework:ident $at:literal),+ $(,)?]
       register $register:expr => $status:expr;)+) => {
        $(
            #[doc = concat!($id, ": ", $sentence)]
            pub(crate) struct $name;

            impl $crate::registry::Claim for $name {
                const ID: &'static str = $id;
                const KIND: $crate::registry::Kind = $crate::registry::Kind::$kind;
                const GROUP: $crate::registry::Group = $crate::registry::Group::$group;
                const SEVERITY: $crate::registry::Severity = $crate::registry::Severity::$severity;
                const SENTENCE: &'static str = $sentence;
                const SOURCE: &'static [&'static str] = &[$id];
                const ENFORCED_BY: &'static [&'static str] = &[$($by),*];
                const LAYERS: &'static [$crate::registry::Layer] = &[$($crate::registry::Layer::$layer),*];
                const MAPS: &'static [$crate::registry::Mapping] =
                    &[$(($crate::registry::Framework::$framework, $at)),+];
                const REGISTER: Option<$crate::registry::Register> = $register;
                const STATUS: $crate::registry::Status = $status;
            }
        )+

        /// The claims of this page, in the order of the ledger.
        pub(crate) const ROWS: &[$crate::registry::ClaimRow] = &[$($crate::registry::ClaimRow::of::<$name>()),+];
    };
}
pub(crate) use registry;
