//! What a request says about itself, by condition key.

use std::borrow::Cow;

/// Condition keys and their values. Names of keys ignore case, those of tags in them included.
#[derive(Clone, Debug, Default)]
pub struct Context<'a> {
    entries: Vec<(Cow<'a, str>, Entry<'a>)>,
}

#[derive(Clone, Debug)]
enum Entry<'a> {
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

/// The values of a key.
#[derive(Clone, Debug)]
pub enum Values<'r> {
    /// One value.
    One(Cow<'r, str>),
    /// Several, of a multivalued key such as `aws:TagKeys`; never none.
    Many(&'r [Cow<'r, str>]),
}

impl<'a> Context<'a> {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `key` one value.
    pub fn set(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> &mut Self {
        self.put(key.into(), Entry::One(value.into()))
    }

    /// Gives a multivalued key its values. Without values the key is absent.
    pub fn set_all<V: Into<Cow<'a, str>>>(
        &mut self,
        key: impl Into<Cow<'a, str>>,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Self {
        self.put(key.into(), Entry::Many(values.into_iter().map(Into::into).collect()))
    }

    fn put(&mut self, key: Cow<'a, str>, entry: Entry<'a>) -> &mut Self {
        match self.entries.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&key)) {
            Some((_, old)) => *old = entry,
            None => self.entries.push((key, entry)),
        }
        self
    }

    /// The values of a key; `None` when it is absent.
    pub fn get(&self, key: &str) -> Option<Values<'_>> {
        let (_, entry) = self.entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        match entry {
            Entry::One(value) => Some(Values::One(Cow::Borrowed(value))),
            Entry::Many(values) if values.is_empty() => None,
            Entry::Many(values) => Some(Values::Many(values)),
        }
    }
}

impl Values<'_> {
    /// The values one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let values = match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        };
        values.iter().map(|value| &**value)
    }
}
