// Saved views of a list: a name for what stands in the address, kept in this browser.
import { ActionIcon, Button, Menu, TextInput } from "@mantine/core";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { kept, useStore } from "@/app/store";

interface View {
  name: string;
  path: string;
  search: Record<string, string>;
}

const views = kept<View[]>("tessera.views", []);

/** The menu of views of this page. */
export function Views() {
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const own = useStore(views).filter((view) => view.path === pathname);
  const narrowed = Object.keys(search).length > 0;
  if (own.length === 0 && !narrowed) return null;
  return (
    <Menu closeOnItemClick position="bottom-start" width={260}>
      <Menu.Target>
        <Button variant="subtle" color="gray" leftSection={<IconBookmark size={14} />}>
          Views
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {own.map((view) => (
          <Menu.Item
            key={view.name}
            onClick={() => void navigate({ to: view.path, search: view.search as never })}
            rightSection={
              <ActionIcon
                component="span"
                size={20}
                aria-hidden
                onClick={(event) => {
                  event.stopPropagation();
                  views.set((all) => all.filter((one) => one !== view));
                }}
              >
                <IconTrash size={13} />
              </ActionIcon>
            }
          >
            {view.name}
          </Menu.Item>
        ))}
        {narrowed ? (
          <form
            style={{ padding: 6 }}
            onSubmit={(event) => {
              event.preventDefault();
              if (!name.trim()) return;
              const view = { name: name.trim(), path: pathname, search: search as Record<string, string> };
              views.set((all) => [...all.filter((one) => one.path !== pathname || one.name !== view.name), view]);
              setName("");
            }}
          >
            <TextInput
              size="xs"
              aria-label="Name of the view"
              placeholder="Save this view as…"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              onKeyDown={(event) => event.stopPropagation()}
            />
          </form>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  );
}
