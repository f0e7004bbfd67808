// Into the cart, or out of it.
import { Button } from "@mantine/core";
import { IconShoppingCart, IconShoppingCartX } from "@tabler/icons-react";
import { toast } from "@/app/toasts";
import type { useCart } from "@/kit/meaning/cart";

export function CartToggle({ code, name, cart }: { code: string; name: string; cart: ReturnType<typeof useCart> }) {
  const inside = cart.has(code);
  return (
    <Button
      variant="default"
      leftSection={inside ? <IconShoppingCartX size={14} /> : <IconShoppingCart size={14} />}
      onClick={() => {
        if (inside) cart.remove(code);
        else cart.add(code);
        toast({
          title: inside ? `${name} is out of the cart` : `${name} is in the cart`,
          undo: () => (inside ? cart.add(code) : cart.remove(code)),
        });
      }}
    >
      {inside ? "Remove from cart" : "Add to cart"}
    </Button>
  );
}
