//! `WHERE`. `OR` binds loosest, then `AND`, `NOT`, and what compares.

use super::lexer::Class;
use super::parser::{Parser, malformed};
use crate::{Attribute, Comparator, Condition, Invalid, Operand};

/// Operands of `IN`.
const MAX_IN: usize = 100;

/// What a part of a condition turned out to be.
enum Term {
    Condition(Condition),
    Operand(Operand),
}

impl Parser<'_> {
    /// A condition.
    pub(super) fn condition(&mut self) -> Result<Condition, Invalid> {
        match self.disjunction()? {
            Term::Condition(condition) => Ok(condition),
            Term::Operand(_) => Err(self.unexpected()),
        }
    }

    fn disjunction(&mut self) -> Result<Term, Invalid> {
        let first = self.conjunction()?;
        self.chain(first, "OR", Self::conjunction, Condition::Or)
    }

    fn conjunction(&mut self) -> Result<Term, Invalid> {
        let first = self.negation()?;
        self.chain(first, "AND", Self::negation, Condition::And)
    }

    /// What is behind a first term and joined to it by a word.
    fn chain(
        &mut self,
        first: Term,
        word: &str,
        next: fn(&mut Self) -> Result<Term, Invalid>,
        join: fn(Vec<Condition>) -> Condition,
    ) -> Result<Term, Invalid> {
        if !self.at_keyword(word) {
            return Ok(first);
        }
        let mut all = vec![self.holds(first)?];
        while self.eat_keyword(word) {
            let term = next(self)?;
            all.push(self.holds(term)?);
        }
        Ok(Term::Condition(join(all)))
    }

    /// A term that must be a condition.
    fn holds(&self, term: Term) -> Result<Condition, Invalid> {
        match term {
            Term::Condition(condition) => Ok(condition),
            Term::Operand(_) => Err(self.unexpected()),
        }
    }

    /// A term that must be an operand.
    fn compared(&self, term: Term) -> Result<Operand, Invalid> {
        match term {
            Term::Operand(operand) => Ok(operand),
            Term::Condition(_) => Err(self.unexpected()),
        }
    }

    fn negation(&mut self) -> Result<Term, Invalid> {
        let mut negative: Option<bool> = None;
        while self.eat_keyword("NOT") {
            negative = Some(!negative.unwrap_or_default());
        }
        let term = self.comparison()?;
        Ok(match negative {
            None => term,
            Some(true) => Term::Condition(Condition::Not(Box::new(self.holds(term)?))),
            Some(false) => Term::Condition(self.holds(term)?),
        })
    }

    fn comparison(&mut self) -> Result<Term, Invalid> {
        let left = self.primary()?;
        if let Some(comparator) = self.comparator() {
            let left = self.compared(left)?;
            let right = self.operand()?;
            return Ok(Term::Condition(Condition::Compare(comparator, left, right)));
        }
        if self.eat_keyword("IS") {
            let left = self.compared(left)?;
            let negative = self.eat_keyword("NOT");
            return self.is(left, negative).map(Term::Condition);
        }
        let negative = self.eat_keyword("NOT");
        let condition = if self.eat_keyword("BETWEEN") {
            let value = self.compared(left)?;
            let low = self.operand()?;
            self.expect_keyword("AND")?;
            Condition::Between(Box::new([value, low, self.operand()?]))
        } else if self.eat_keyword("IN") {
            let value = self.compared(left)?;
            Condition::In(value, self.listed()?)
        } else if negative {
            return Err(self.unexpected());
        } else {
            return Ok(left);
        };
        Ok(Term::Condition(if negative { Condition::Not(Box::new(condition)) } else { condition }))
    }

    fn comparator(&mut self) -> Option<Comparator> {
        let token = self.peek();
        let comparator = match (token.class, token.text) {
            (Class::Symbol, "=") => Comparator::Equal,
            (Class::Symbol, "<>" | "!=") => Comparator::NotEqual,
            (Class::Symbol, "<") => Comparator::Less,
            (Class::Symbol, "<=") => Comparator::LessOrEqual,
            (Class::Symbol, ">") => Comparator::Greater,
            (Class::Symbol, ">=") => Comparator::GreaterOrEqual,
            _ => return None,
        };
        self.advance();
        Some(comparator)
    }

    /// What stands behind `IS`.
    fn is(&mut self, operand: Operand, negative: bool) -> Result<Condition, Invalid> {
        if self.eat_keyword("NULL") {
            let null = Condition::Type(operand, Attribute::Null.type_name().to_string());
            return Ok(if negative { Condition::Not(Box::new(null)) } else { null });
        }
        self.expect_keyword("MISSING")?;
        match operand {
            Operand::Path(path) if negative => Ok(Condition::Exists(path)),
            Operand::Path(path) => Ok(Condition::NotExists(path)),
            _ => Err(malformed("MISSING is for attributes")),
        }
    }

    /// What stands behind `IN`: operands in parentheses or brackets, or a value that has elements.
    fn listed(&mut self) -> Result<Vec<Operand>, Invalid> {
        let end = match (self.at_symbol("("), self.at_symbol("[")) {
            (true, _) => ")",
            (_, true) => "]",
            _ => return self.elements_of_value(),
        };
        self.advance();
        let mut list = vec![self.operand()?];
        while self.eat(",") {
            list.push(self.operand()?);
        }
        self.expect(end)?;
        in_bounds(list)
    }

    fn elements_of_value(&mut self) -> Result<Vec<Operand>, Invalid> {
        let elements: Vec<Attribute> = match self.value()? {
            Some(Attribute::L(list)) => list,
            Some(Attribute::Ss(set)) => set.into_iter().map(Attribute::S).collect(),
            Some(Attribute::Ns(set)) => set.into_iter().map(Attribute::N).collect(),
            Some(Attribute::Bs(set)) => set.into_iter().map(Attribute::B).collect(),
            _ => return Err(self.unexpected()),
        };
        in_bounds(elements.into_iter().map(Operand::Value).collect())
    }

    fn primary(&mut self) -> Result<Term, Invalid> {
        if self.at_symbol("(") {
            self.enter()?;
            self.advance();
            let inner = self.disjunction()?;
            self.expect(")")?;
            self.leave();
            return Ok(inner);
        }
        let Some(name) = self.function() else { return self.simple().map(Term::Operand) };
        self.enter()?;
        let first = self.operand()?;
        let term = if name == "size" {
            Term::Operand(Operand::Size(Box::new(first)))
        } else {
            self.expect(",")?;
            let second = self.operand()?;
            Term::Condition(function(&name, first, second)?)
        };
        self.expect(")")?;
        self.leave();
        Ok(term)
    }

    /// Something to compare with.
    fn operand(&mut self) -> Result<Operand, Invalid> {
        let term = self.primary()?;
        self.compared(term)
    }

    /// A value or a path.
    fn simple(&mut self) -> Result<Operand, Invalid> {
        Ok(match self.value()? {
            Some(value) => Operand::Value(value),
            None => Operand::Path(self.path()?),
        })
    }
}

fn in_bounds(list: Vec<Operand>) -> Result<Vec<Operand>, Invalid> {
    if list.is_empty() || list.len() > MAX_IN {
        return Err(malformed("IN has 1 to 100 values"));
    }
    Ok(list)
}

fn function(name: &str, first: Operand, second: Operand) -> Result<Condition, Invalid> {
    Ok(match (name, second) {
        ("begins_with", start) => Condition::BeginsWith(first, start),
        ("contains", part) => Condition::Contains(first, part),
        ("attribute_type", Operand::Value(Attribute::S(kind))) => Condition::Type(first, kind),
        ("attribute_type", _) => return Err(malformed("ATTRIBUTE_TYPE has the name of a type")),
        _ => return Err(malformed(&format!("No such function: {name}"))),
    })
}
