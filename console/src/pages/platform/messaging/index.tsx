// Messaging: what services tell each other, who takes it and how far they are, and what nobody could do.

import { Tabs } from "@mantine/core";
import { useMay } from "@/api/hooks";
import { Page } from "@/kit/page";
import { useUrlState } from "@/kit/url";
import { Consumers } from "./consumers";
import { DeadLetters } from "./dead-letters";
import { Status } from "./status";
import { Tail } from "./tail";
import { Topics } from "./topics";

export function List() {
  const may = useMay();
  const [tab, setTab] = useUrlState("tab", "topics");
  const subscriptions = may("MessagingService_ListSubscriptions");
  return (
    <Page
      title="Messaging"
      purpose="What services tell each other: topics and messages, consumers and their lag, dead letters."
    >
      {may("MessagingService_GetBrokerStatus") ? <Status /> : null}
      <Tabs value={tab} onChange={(next) => setTab(next ?? "topics")} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="topics">Topics</Tabs.Tab>
          <Tabs.Tab value="tail">Live tail</Tabs.Tab>
          {subscriptions ? <Tabs.Tab value="consumers">Consumers</Tabs.Tab> : null}
          {subscriptions ? <Tabs.Tab value="dead">Dead letters</Tabs.Tab> : null}
        </Tabs.List>
        <Tabs.Panel value="topics">
          <Topics />
        </Tabs.Panel>
        <Tabs.Panel value="tail">
          <Tail />
        </Tabs.Panel>
        <Tabs.Panel value="consumers">
          <Consumers />
        </Tabs.Panel>
        <Tabs.Panel value="dead">
          <DeadLetters />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
