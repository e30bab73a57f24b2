//! Columns of deleted attributes that demand a value: no row could be inserted without one.

use super::Deciding;
use crate::estate::decided::Wish;
use crate::estate::model::{Cell, Kind};

/// Every row gets the same value there, also where the source still has the attribute.
pub fn leftovers_demand(deciding: &mut Deciding<'_>) {
    let all = [
        (Kind::Text(10), "ferry", Cell::text("ferry")),
        (Kind::Integer, "-7", Cell::Int(-7)),
        (Kind::LongInteger, "9223372036854775807", Cell::Int(i64::MAX)),
        (Kind::Boolean, "True", Cell::Int(1)),
        (Kind::Decimal(8, 2), "12.5", Cell::text("12.50")),
        (Kind::DateTime, "2024-02-29", Cell::text("2024-02-29 00:00:00")),
    ];
    let keys = deciding.chosen();
    for (number, key) in deciding.some(&keys, 3).into_iter().enumerate() {
        let (kind, to, cell) = deciding.chance.pick(&all).clone();
        let mut theirs = deciding.attribute(&format!("Forgotten{number}"), kind);
        if deciding.chance.percent(30) {
            deciding.add_here(&key, theirs.clone(), &[cell.clone(), Cell::Null]);
            theirs.listed = true;
        } else {
            theirs.listed = deciding.chance.percent(60);
        }
        (theirs.active, theirs.nullable) = (false, false);
        // A column is all that is left of it.
        deciding.decide("leftover-not-null", &key, &theirs.column, "value", to);
        deciding.pair.decided.attributes.insert(theirs.key.clone(), Wish::Value(cell.clone()));
        deciding.add_there(&key, theirs, &[cell]);
    }
}
