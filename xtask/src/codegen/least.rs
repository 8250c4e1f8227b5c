//! The least bytes that one element of an array takes: what bounds its count on the wire.
//!
//! One number for all versions that have the array, the smallest of theirs. It is reached by elements whose strings,
//! bytes and arrays are empty, whose structs are null where they may be, and which carry no tagged field.

use super::module::{Struct, StructField};
use super::table::{Base, Versions};

/// Fills in the number for every array of a module.
///
/// # Errors
///
/// When an element may take no bytes at all, so that a frame could not bound how many there are, or a struct holds itself.
pub(crate) fn fill(structs: &mut [Struct]) -> Result<(), String> {
    let mut found = Vec::new();
    for each in structs.iter() {
        for field in &each.fields {
            found.push(if field.field.array { Some(element(structs, each, field)?) } else { None });
        }
    }
    let mut found = found.into_iter();
    for field in structs.iter_mut().flat_map(|each| &mut each.fields) {
        field.least = found.next().flatten();
    }
    Ok(())
}

fn element(structs: &[Struct], owner: &Struct, field: &StructField) -> Result<usize, String> {
    let Versions { low, high } = field.versions;
    let mut least = usize::MAX;
    for version in low..=high {
        let flexible = owner.flexible_from.is_some_and(|from| version >= from);
        least = least.min(value(structs, field, version, flexible, 0)?);
    }
    match least {
        0 => Err(format!("{}: an element may take no bytes", field.path)),
        least => Ok(least),
    }
}

/// One element of a field, or the field if it is no array.
fn value(structs: &[Struct], field: &StructField, version: i16, flexible: bool, depth: usize) -> Result<usize, String> {
    let compact = flexible && !field.field.inflexible;
    Ok(match &field.field.base {
        Base::Bool | Base::Int8 => 1,
        Base::Int16 | Base::Uint16 => 2,
        Base::Int32 | Base::Uint32 => 4,
        Base::Int64 | Base::Float64 => 8,
        Base::Uuid => 16,
        Base::String | Base::Bytes | Base::Records if compact => 1,
        Base::String => 2,
        Base::Bytes | Base::Records => 4,
        Base::Struct(name) => {
            let name = field.struct_name.as_deref().unwrap_or(name);
            let part = structs.iter().find(|each| each.rust_name == name);
            let part = part.ok_or_else(|| format!("{}: no struct {name}", field.path))?;
            if depth > structs.len() {
                return Err(format!("{name} holds itself"));
            }
            structure(structs, part, version, flexible, depth + 1)?
        }
    })
}

fn structure(structs: &[Struct], each: &Struct, version: i16, flexible: bool, depth: usize) -> Result<usize, String> {
    // The count of the tagged fields.
    let mut sum = usize::from(flexible);
    for field in each.fields.iter().filter(|field| field.field.tag.is_none()) {
        if !(field.versions.low..=field.versions.high).contains(&version) {
            continue;
        }
        let may_be_null = field.nullable.is_some_and(|nullable| (nullable.low..=nullable.high).contains(&version));
        sum += match (field.field.array, &field.field.base) {
            (true, _) if flexible => 1,
            (true, _) => 4,
            // The marker of a struct that is null.
            (false, Base::Struct(_)) if may_be_null => 1,
            (false, _) => value(structs, field, version, flexible, depth)?,
        };
    }
    Ok(sum)
}

#[cfg(test)]
mod tests;
