//! Statements: the text of a file beside the code, and nothing else.
//!
//! A [`Sql`] is only made from a literal at compile time, so no statement is ever built from a caller's text. Every
//! room lists its statements with [`statements!`](crate::statements), which is what the check that reads them all walks.

/// One statement, from one file.
#[derive(Debug)]
pub struct Sql {
    name: &'static str,
    text: &'static str,
}

impl Sql {
    /// Wraps the text of a file. `name` is the file's name, for errors and checks.
    #[must_use]
    pub const fn from_file(name: &'static str, text: &'static str) -> Self {
        Self { name, text }
    }
    /// The file's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
    /// The statement itself.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }
}

/// Declares the statements of a room: `statements! { "../sql"; INSERT_TASK = "insert_task.sql"; }`.
///
/// Makes one `static` a statement and `ALL`, the list of them.
#[macro_export]
macro_rules! statements {
    ($dir:literal; $($name:ident = $file:literal;)*) => {
        $(
            #[doc = concat!("The statement of `", $file, "`.")]
            pub(crate) static $name: $crate::Sql =
                $crate::Sql::from_file($file, include_str!(concat!($dir, "/", $file)));
        )*
        /// Every statement of this room.
        pub static ALL: &[&$crate::Sql] = &[$(&$name),*];
    };
}
