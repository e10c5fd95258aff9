//! Which rectangles of a picture changed.

use embedded_graphics::{
    geometry::{OriginDimensions, Point, Size},
    pixelcolor::Rgb888,
    primitives::Rectangle,
};

use super::picture::Picture;

/// Side of the tiles that are compared, pixels.
const TILE: u32 = 16;

/// What one more rectangle costs, in pixels: the commands that open a window on a panel take as
/// long as about so many pixels.
const WINDOW: u32 = 400;

/// A few rectangles that together cover every difference between two pictures of the same size that
/// `same` does not deny: two colours at a place may look alike on a panel. They do not overlap in more
/// than a few pixels; none is empty.
pub fn changes(old: &Picture, new: &Picture, same: impl Fn(Point, Rgb888, Rgb888) -> bool) -> Vec<Rectangle> {
    let size = new.size();
    if old.size() != size {
        return vec![Rectangle::new(Point::zero(), size)];
    }
    let mut found: Vec<Rectangle> = Vec::new();
    for top in (0..size.height).step_by(TILE as usize) {
        for left in (0..size.width).step_by(TILE as usize) {
            if let Some(area) = difference(old, new, (left, top), &same) {
                found.push(area);
            }
        }
    }
    merge(found)
}

/// The smallest rectangle around the differences within the tile with this corner.
fn difference(
    old: &Picture,
    new: &Picture,
    (left, top): (u32, u32),
    same: impl Fn(Point, Rgb888, Rgb888) -> bool,
) -> Option<Rectangle> {
    let size = new.size();
    let (right, bottom) = ((left + TILE).min(size.width), (top + TILE).min(size.height));
    let mut around: Option<Rectangle> = None;
    for y in top..bottom {
        let (a, b) = (&old.row(y)[left as usize..right as usize], &new.row(y)[left as usize..right as usize]);
        if a == b {
            continue;
        }
        let differs = |(x, (a, b)): (u32, (&Rgb888, &Rgb888))| {
            (a != b && !same(Point::new(x as i32, y as i32), *a, *b)).then_some(x)
        };
        let mut columns = (left..).zip(a.iter().zip(b)).filter_map(differs);
        let Some(first) = columns.next() else { continue };
        let last = columns.last().unwrap_or(first);
        let line = Rectangle::new(Point::new(first as i32, y as i32), Size::new(last - first + 1, 1));
        around = Some(around.map_or(line, |area| union(area, line)));
    }
    around
}

/// Joins rectangles while that costs less than it saves.
fn merge(found: Vec<Rectangle>) -> Vec<Rectangle> {
    let mut merged: Vec<Rectangle> = Vec::new();
    for mut area in found {
        while let Some(near) = merged.iter().position(|m| pixels(union(*m, area)) <= pixels(*m) + pixels(area) + WINDOW)
        {
            area = union(merged.swap_remove(near), area);
        }
        merged.push(area);
    }
    merged
}

fn pixels(area: Rectangle) -> u32 {
    area.size.width * area.size.height
}

fn union(a: Rectangle, b: Rectangle) -> Rectangle {
    let far = |r: Rectangle| r.top_left + r.size - Point::new(1, 1);
    Rectangle::with_corners(a.top_left.component_min(b.top_left), far(a).component_max(far(b)))
}

#[cfg(test)]
mod tests {
    use embedded_graphics::{pixelcolor::RgbColor, primitives::PointsIter};

    use super::*;

    const SIZE: Size = Size::new(240, 230);

    fn changes(old: &Picture, new: &Picture) -> Vec<Rectangle> {
        super::changes(old, new, |_, _, _| false)
    }

    fn with(points: &[(i32, i32)]) -> Picture {
        let mut picture = Picture::new(SIZE, Rgb888::BLACK);
        for &(x, y) in points {
            picture.blend(x, y, Rgb888::WHITE, 1.0);
        }
        picture
    }

    #[test]
    fn nothing_changed_is_no_rectangle() {
        assert_eq!(changes(&with(&[(3, 3)]), &with(&[(3, 3)])), []);
    }

    #[test]
    fn a_single_pixel_is_a_single_pixel() {
        let all = changes(&with(&[]), &with(&[(239, 229)]));
        assert_eq!(all, [Rectangle::new(Point::new(239, 229), Size::new(1, 1))]);
    }

    #[test]
    fn what_looks_alike_on_the_panel_is_no_change() {
        let (old, new) = (with(&[]), with(&[(10, 10), (12, 11), (200, 200)]));
        let left_half = |at: Point, _, _| at.x < 12;
        let all = super::changes(&old, &new, left_half);
        let single = |x, y| Rectangle::new(Point::new(x, y), Size::new(1, 1));
        assert_eq!(all, [single(12, 11), single(200, 200)]);
        assert_eq!(super::changes(&old, &new, |_, _, _| true), []);
    }

    #[test]
    fn near_changes_join_and_far_ones_stay_apart() {
        assert_eq!(changes(&with(&[]), &with(&[(10, 10), (30, 12)])).len(), 1);
        assert_eq!(changes(&with(&[]), &with(&[(10, 10), (200, 200)])).len(), 2);
    }

    #[test]
    fn pushing_the_rectangles_makes_the_old_picture_the_new_one() {
        let mut seed = 1u32;
        let mut random = |limit: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % limit
        };
        for _ in 0..200 {
            let mut draw = |count| {
                let points: Vec<_> = (0..count).map(|_| (random(240) as i32, random(230) as i32)).collect();
                with(&points)
            };
            let (mut old, new) = (draw(5), draw(40));
            let all = changes(&old, &new);
            for area in &all {
                assert!(area.size.width > 0 && area.size.height > 0);
                for (point, pixel) in area.points().zip(new.cut(*area)) {
                    old.blend(point.x, point.y, pixel, 1.0);
                }
            }
            assert_eq!(old, new);
            assert!(all.len() <= 45, "{} rectangles", all.len());
        }
    }

    #[test]
    fn another_size_is_everything() {
        let small = Picture::new(Size::new(8, 8), Rgb888::BLACK);
        assert_eq!(changes(&small, &with(&[])), [Rectangle::new(Point::zero(), SIZE)]);
    }
}
