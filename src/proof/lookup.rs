//! Rows of a table by their keys: a handful of requests for a batch, never one for a row.

use super::maps::IdKey;
use crate::database::{
    Batch, ColumnRef, Filter, Result, Scan, ScanRequest, Source, TableName, Value, ValueKind,
};
use crate::migrate::journal::Keys;

/// Most keys that one condition lists.
const LISTED: usize = 1000;
/// Keys that lie this close together are read as a range: the rows between them are few.
const SPREAD: i128 = 2;
/// A page of rows ends after the row that reaches this many bytes.
pub(super) const PAGE_BYTES: usize = 8 << 20;

/// A table whose rows are looked up by a unique column.
#[derive(Clone)]
pub(super) struct Lookup<'a> {
    pub(super) database: &'a dyn Source,
    pub(super) table: &'a TableName,
    pub(super) key: ColumnRef,
    /// The columns read, after the key.
    pub(super) columns: Vec<ColumnRef>,
}

/// Called with a batch, the place of a row in it, and the place of its key among those asked for.
pub(super) type Each<'a> = dyn FnMut(&Batch, usize, usize) -> Result<()> + Send + 'a;

/// Keys for one request.
struct Chunk {
    filter: Filter,
    /// At most so many rows meet it.
    rows: usize,
}

/// Rows read by their keys.
pub(super) struct Found {
    wanted: Wanted,
    batches: Vec<Batch>,
}

impl Found {
    /// Hands them over, as [`Lookup::read`] does.
    pub(super) fn each(&self, each: &mut Each<'_>) -> Result<()> {
        self.batches.iter().try_for_each(|batch| self.wanted.hand_over(batch, each))
    }
}

/// Keys that are asked for, in their order, each with its place.
struct Wanted(Vec<(IdKey, usize)>);

impl Wanted {
    fn of(keys: &Keys) -> Self {
        let all = (0..keys.len()).filter_map(|place| Some((IdKey::of(&keys.get(place))?, place)));
        let mut all: Vec<(IdKey, usize)> = all.collect();
        all.sort_unstable();
        Self(all)
    }

    fn hand_over(&self, batch: &Batch, each: &mut Each<'_>) -> Result<()> {
        let Self(wanted) = self;
        // Rows mostly come in the order of their keys.
        let mut next = 0;
        for row in 0..batch.len() {
            let Some(key) = IdKey::of(&batch.column(0).value(row)) else { continue };
            let is_first = |place: usize| {
                wanted.get(place).is_some_and(|(wanted, _)| *wanted == key)
                    && (place == 0 || wanted[place - 1].0 != key)
            };
            if !is_first(next) {
                next = wanted.partition_point(|(wanted, _)| *wanted < key);
            }
            while let Some((_, place)) = wanted.get(next).filter(|(found, _)| *found == key) {
                each(batch, row, *place)?;
                next += 1;
            }
        }
        Ok(())
    }
}

impl Lookup<'_> {
    /// Hands over the rows with these keys, in no order. Rows that are not there are passed over;
    /// a key that was asked for twice is handed over twice.
    pub(super) async fn read(&self, keys: &Keys, each: &mut Each<'_>) -> Result<()> {
        let wanted = Wanted::of(keys);
        for chunk in chunks(&self.key, keys) {
            let mut scan = self.scan(chunk).await?;
            while let Some(batch) = scan.next().await? {
                wanted.hand_over(&batch, each)?;
            }
        }
        Ok(())
    }

    /// The same rows, kept: for the keys of one batch.
    pub(super) async fn fetch(&self, keys: &Keys) -> Result<Found> {
        let mut batches = Vec::new();
        for chunk in chunks(&self.key, keys) {
            let mut scan = self.scan(chunk).await?;
            while let Some(batch) = scan.next().await? {
                batches.push(batch);
            }
        }
        Ok(Found { wanted: Wanted::of(keys), batches })
    }

    async fn scan(&self, chunk: Chunk) -> Result<Box<dyn Scan>> {
        let mut columns = vec![self.key.clone()];
        columns.extend(self.columns.iter().cloned());
        let request = ScanRequest {
            table: self.table.clone(),
            columns,
            filter: chunk.filter,
            key: Some(self.key.name.clone()),
            after: None,
            // One more than there can be, so that the first page is known to be the last.
            batch_rows: chunk.rows + 1,
            batch_bytes: PAGE_BYTES,
        };
        self.database.scan(request).await
    }

    /// How many rows have one of these keys; `None` when rows between the keys would have been
    /// counted too.
    pub(super) async fn count(&self, keys: &Keys) -> Result<Option<u64>> {
        let mut count = 0;
        for chunk in chunks(&self.key, keys) {
            let is_range = matches!(chunk.filter, Filter::Between(..));
            if is_range && chunk.rows != keys.len() {
                return Ok(None);
            }
            count += self.database.count(self.table, &chunk.filter).await?;
        }
        Ok(Some(count))
    }
}

fn chunks(column: &ColumnRef, keys: &Keys) -> Vec<Chunk> {
    let list = |values: Vec<Value>| Chunk {
        rows: values.len(),
        filter: Filter::AnyOf(column.name.clone(), values),
    };
    let mut numbers = match keys {
        Keys::Integers(numbers) => numbers.clone(),
        Keys::None => return Vec::new(),
        Keys::Texts(texts) => {
            let chunks = texts.chunks(LISTED);
            return chunks
                .map(|texts| list(texts.iter().cloned().map(Value::Text).collect()))
                .collect();
        }
    };
    numbers.sort_unstable();
    numbers.dedup();
    let listed = |numbers: &[i64]| list(numbers.iter().copied().map(Value::Integer).collect());
    if column.data_type.kind() != Some(ValueKind::Integer) {
        // Kept as something else, where the order of numbers may be another.
        return numbers.chunks(LISTED).map(listed).collect();
    }
    if let Some(range) = range(column, &numbers) {
        return vec![range];
    }
    numbers
        .chunks(LISTED)
        .map(|numbers| range(column, numbers).unwrap_or_else(|| listed(numbers)))
        .collect()
}

/// One range for sorted numbers that lie close together.
fn range(column: &ColumnRef, numbers: &[i64]) -> Option<Chunk> {
    let (first, last) = (*numbers.first()?, *numbers.last()?);
    let rows = i128::from(last) - i128::from(first) + 1;
    if rows > numbers.len() as i128 * SPREAD {
        return None;
    }
    Some(Chunk {
        rows: usize::try_from(rows).ok()?,
        filter: Filter::Between(column.name.clone(), Value::Integer(first), Value::Integer(last)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::ColumnType;

    fn filters(data_type: ColumnType, keys: &Keys) -> Vec<(Filter, usize)> {
        let column = ColumnRef { name: "ID".to_owned(), data_type };
        chunks(&column, keys).into_iter().map(|chunk| (chunk.filter, chunk.rows)).collect()
    }

    #[test]
    fn close_numbers_are_a_range_and_scattered_ones_a_list() {
        let between = |first, last| {
            Filter::Between("ID".to_owned(), Value::Integer(first), Value::Integer(last))
        };
        let near = Keys::Integers(vec![12, 10, 11, 14]);
        assert_eq!(filters(ColumnType::Int, &near), vec![(between(10, 14), 5)]);
        let far = Keys::Integers(vec![i64::MAX, i64::MIN]);
        let values = vec![Value::Integer(i64::MIN), Value::Integer(i64::MAX)];
        assert_eq!(
            filters(ColumnType::BigInt, &far),
            vec![(Filter::AnyOf("ID".to_owned(), values), 2)]
        );
        assert_eq!(filters(ColumnType::Int, &Keys::None), vec![]);
    }

    #[test]
    fn a_request_lists_a_thousand_keys_at_most() {
        let scattered = Keys::Integers((0..2500).map(|n| n * 10).collect());
        let rows: Vec<usize> =
            filters(ColumnType::Int, &scattered).iter().map(|(_, rows)| *rows).collect();
        assert_eq!(rows, [1000, 1000, 500]);
        let texts = Keys::Texts((0..1001).map(|n| n.to_string().into_bytes()).collect());
        assert_eq!(filters(ColumnType::NVarChar(Some(9)), &texts).len(), 2);
    }

    #[test]
    fn numbers_kept_as_decimals_are_never_a_range() {
        let keys = Keys::Integers(vec![1, 2, 3]);
        let found = filters(ColumnType::Decimal { precision: 9, scale: 0 }, &keys);
        assert!(matches!(found[..], [(Filter::AnyOf(..), 3)]));
    }
}
