// The rail of a narrow window: a drawer over the page.
import "./components-rest";
import { Drawer } from "@mantine/core";
import { Rail } from "./rail";

export default function RailDrawer({
  opened,
  close,
  openPalette,
}: {
  opened: boolean;
  close: () => void;
  openPalette: () => void;
}) {
  return (
    <Drawer opened={opened} onClose={close} size={260} padding={0} title="Tessera">
      <Rail openPalette={openPalette} />
    </Drawer>
  );
}
