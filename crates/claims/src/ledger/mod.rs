//! The ledger: one row for every sentence, by source page. The order is the order of the sources.

mod emh;
mod piq;
mod pln;
mod plx;
mod psa;

use crate::registry::ClaimRow;

const PARTS: [&[ClaimRow]; 5] = [piq::ROWS, pln::ROWS, plx::ROWS, emh::ROWS, psa::ROWS];

const LEN: usize = PARTS[0].len() + PARTS[1].len() + PARTS[2].len() + PARTS[3].len() + PARTS[4].len();

/// The one table.
static TABLE: [ClaimRow; LEN] = {
    let mut table = [PARTS[0][0]; LEN];
    let (mut part, mut at) = (0, 0);
    while part < PARTS.len() {
        let mut row = 0;
        while row < PARTS[part].len() {
            table[at] = PARTS[part][row];
            at += 1;
            row += 1;
        }
        part += 1;
    }
    assert!(at == LEN, "every row is copied");
    table
};

/// Every row of the ledger.
pub(crate) fn rows() -> &'static [ClaimRow] {
    &TABLE
}

#[cfg(test)]
mod tests;
