// One typeface, one accent, greys for structure: the theme that every component takes its looks from.
import {
  type CSSVariablesResolver,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
} from "@mantine/core";

const accent: MantineColorsTuple = [
  "#eef0fc",
  "#dcdff7",
  "#b9c0ef",
  "#959fe6",
  "#7782dd",
  "#5f6bd4",
  "#4a56c8",
  "#3e49b0",
  "#343d93",
  "#2a3276",
];

// The greys of dark surfaces, in the tint of the tokens: fields and menus lie on the page instead of standing out.
const dark: MantineColorsTuple = [
  "#e8eaee",
  "#c4c8d0",
  "#9ba1ad",
  "#8f96a3",
  "#3d414b",
  "#2b2e35",
  "#191b20",
  "#131417",
  "#0e0f12",
  "#08090a",
];

export const colorSchemes = localStorageColorSchemeManager({ key: "tessera.scheme" });

export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 6, dark: 5 },
  colors: { accent, dark },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: { fontWeight: "600" },
  defaultRadius: 6,
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  // Named, not imported: naming one here would make it a part of every first load.
  components: {
    Button: { defaultProps: { size: "xs" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 28 } },
    TextInput: { defaultProps: { size: "sm" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    NumberInput: { defaultProps: { size: "sm" } },
    Textarea: { defaultProps: { size: "sm", autosize: true, minRows: 2, maxRows: 12 } },
    Select: { defaultProps: { size: "sm", checkIconPosition: "right" } },
    MultiSelect: { defaultProps: { size: "sm" } },
    TagsInput: { defaultProps: { size: "sm" } },
    Checkbox: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    Menu: { defaultProps: { shadow: "md", position: "bottom-end", withinPortal: true } },
    Tabs: { defaultProps: { keepMounted: false } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" } } },
    Drawer: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
  },
});

const shared = {
  "--mantine-color-body": "var(--surface)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-dimmed": "var(--ink-dim)",
  "--mantine-color-error": "var(--bad)",
  "--mantine-color-anchor": "var(--accent-ink)",
  "--mantine-color-default": "var(--surface-raised)",
  "--mantine-color-default-border": "var(--line-strong)",
  "--mantine-color-default-hover": "var(--surface-hover)",
  "--mantine-color-placeholder": "var(--ink-faint)",
};

/** Components take their colours from the tokens in styles.css. */
export const resolver: CSSVariablesResolver = () => ({ variables: {}, light: shared, dark: shared });
