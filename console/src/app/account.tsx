// The menu of one's account: colours, density, the way out. Opened by the click that had it loaded.
import "./components-rest";
import { Menu, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { signOut } from "@/api/session";
import { Face } from "./face";
import { type Density, setDensity, useDensity } from "./preferences";

export default function Account() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const density = useDensity();
  return (
    <Menu position="top-start" width={236} defaultOpened>
      <Menu.Target>
        <Face />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Colours</Menu.Label>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="Colours"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as "auto" | "light" | "dark")}
          data={[
            { value: "auto", label: "System" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
        />
        <Menu.Label>Density</Menu.Label>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="Density"
          value={density}
          onChange={(value) => setDensity(value as Density)}
          data={[
            { value: "dense", label: "Dense" },
            { value: "comfortable", label: "Comfortable" },
          ]}
        />
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={14} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
