// Onto Home, or off it.
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconPin, IconPinFilled } from "@tabler/icons-react";
import { toast } from "@/app/toasts";
import { usePins } from "@/kit/meaning/headlines";

export function PinToggle({ id, name }: { id: string; name: string }) {
  const pins = usePins();
  const on = pins.has(id);
  const words = on ? `Take ${name} off Home` : `Pin ${name} to Home`;
  return (
    <Tooltip label={words}>
      <ActionIcon
        variant="default"
        aria-label={words}
        onClick={() => {
          if (on) pins.remove(id);
          else pins.add(id);
          toast({
            title: on ? `${name} is off Home` : `${name} is on Home`,
            undo: () => (on ? pins.add(id) : pins.remove(id)),
          });
        }}
      >
        {on ? <IconPinFilled size={15} /> : <IconPin size={15} />}
      </ActionIcon>
    </Tooltip>
  );
}
