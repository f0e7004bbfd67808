// Who one is, at the foot of the rail: the button that opens the menu of one's account.
import { UnstyledButton } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import type { ComponentProps } from "react";
import { useMe } from "@/api/hooks";
import classes from "./rail.module.css";

export function Face(props: ComponentProps<"button">) {
  const me = useMe().data;
  return (
    <UnstyledButton {...props} className={classes.user} aria-label={`Account: ${me?.name ?? ""}`}>
      <span className={classes.initial} aria-hidden>
        {(me?.name ?? "?").slice(0, 1).toUpperCase()}
      </span>
      <span className={classes.who}>
        <span className="truncate">{me?.name ?? ""}</span>
        <span className="dim truncate">{me?.roles?.join(", ") ?? ""}</span>
      </span>
      <IconChevronDown size={14} aria-hidden />
    </UnstyledButton>
  );
}
