"""What the shop sells. The list is the whole stock, and it never runs out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """One thing for sale. `amount` is a decimal string in `currency`."""

    slug: str
    name: str
    words: str
    amount: str
    currency: str

    @property
    def image(self) -> str:
        """The path of its picture among the static files."""
        return f"shop/{self.slug}.svg"


ALL = (
    Product("tulips", "A dozen tulips", "Cut this morning, still closed.", "19.99", "EUR"),
    Product("watering-can", "The long-necked can", "Reaches the fern at the back.", "34.50", "USD"),
    Product("rose", "Climbing rose", "Three years old, and in a mood to climb.", "42.75", "EUR"),
    Product("bonsai", "A patient pine", "Forty years of looking out of a window.", "9800", "JPY"),
    Product("lantern", "Garden lantern", "Brass, for the long end of a summer.", "12.500", "KWD"),
    Product(
        "seeds", "A packet of surprises", "Twelve kinds of seed, none of them named.", "4.25", "EUR"
    ),
)
BY_SLUG: Mapping[str, Product] = {product.slug: product for product in ALL}
