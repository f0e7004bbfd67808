// The API reference: the edge's own page, in the console.
import { Button } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { List as ListPage } from "./operations";

export function List() {
  return (
    <ListPage
      actions={
        <>
          <Button component="a" href="/openapi.json" variant="subtle" color="gray">
            OpenAPI document
          </Button>
          <Button component="a" href="/docs" variant="default" leftSection={<IconExternalLink size={14} />}>
            Try calls
          </Button>
        </>
      }
    />
  );
}
