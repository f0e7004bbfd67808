// What can be done to an operation: each thing names what follows from it, and what is refused says why.
import { Button, Menu, Modal, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import {
  IconArrowBackUp,
  IconBroadcast,
  IconDots,
  IconFlag,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconShieldLock,
  IconTrash,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call, newRequestId } from "@/api/client";
import { asApiError } from "@/api/errors";
import { useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { Confirm } from "@/kit/confirm";
import { choices } from "@/kit/format";
import { HOME } from "./home";
import { type Operation, useTaken } from "./progress";
import { RollBack } from "./rollback";

type Asked = "cancel" | "rollback" | "delete" | "signal" | "classify" | undefined;

export function Actions({ operation }: { operation: Operation }) {
  const id = operation.id ?? "";
  const may = useMay();
  const client = useQueryClient();
  const navigate = useNavigate();
  const taken = useTaken(id);
  const [asked, setAsked] = useState<Asked>();
  const name = operation.title || operation.kind || "";
  const { state, done } = operation;
  const halted = state === "OPERATION_STATE_PAUSED" || state === "OPERATION_STATE_FAILED";
  const back = state !== "OPERATION_STATE_ROLLED_BACK" && state !== "OPERATION_STATE_ROLLING_BACK";
  const running = !done && back && !halted;
  const act = (what: string, doing: Promise<Operation>) =>
    doing.then(taken, (cause: unknown) => toastError(`${what} was refused`, cause));
  const pause = () => act("Pausing", call("OperationsService_PauseOperation", { path: { id }, body: {} }));
  const resume = () => act("Resuming", call("OperationsService_ResumeOperation", { path: { id }, body: {} }));
  const mark = () =>
    call("OperationsService_CreateCheckpoint", { path: { id }, body: { requestId: newRequestId() } }).then(
      () => {
        toast({ title: "The checkpoint is made" });
        void client.invalidateQueries({ queryKey: ["operations", "OperationsService_ListCheckpoints"] });
      },
      (cause: unknown) => toastError("The checkpoint was refused", cause),
    );
  const close = () => setAsked(undefined);
  return (
    <>
      {running && may("OperationsService_PauseOperation") ? (
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={14} />}
          disabled={operation.pauseRequested}
          onClick={() => void pause()}
        >
          {operation.pauseRequested ? "Pausing" : "Pause"}
        </Button>
      ) : null}
      {halted && may("OperationsService_ResumeOperation") ? (
        <Button variant="default" leftSection={<IconPlayerPlay size={14} />} onClick={() => void resume()}>
          {state === "OPERATION_STATE_FAILED" ? "Retry" : "Resume"}
        </Button>
      ) : null}
      {!done && back && may("OperationsService_CancelOperation") ? (
        <Button
          variant="default"
          leftSection={<IconPlayerStop size={14} />}
          disabled={operation.cancelRequested}
          onClick={() => setAsked("cancel")}
        >
          {operation.cancelRequested ? "Cancelling" : "Cancel"}
        </Button>
      ) : null}
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <Button variant="default" px={8} aria-label="More actions">
            <IconDots size={16} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconBroadcast size={14} />}
            disabled={done || !may("OperationsService_SignalOperation")}
            onClick={() => setAsked("signal")}
          >
            Send a signal
          </Menu.Item>
          <Menu.Item
            leftSection={<IconFlag size={14} />}
            disabled={!may("OperationsService_CreateCheckpoint")}
            onClick={() => void mark()}
          >
            Make a checkpoint
          </Menu.Item>
          <Menu.Item
            leftSection={<IconShieldLock size={14} />}
            disabled={!may("OperationsService_UpdateOperation")}
            onClick={() => setAsked("classify")}
          >
            Classify
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowBackUp size={14} />}
            disabled={!back || !may("OperationsService_RollBackOperation")}
            onClick={() => setAsked("rollback")}
          >
            Roll back to the beginning
          </Menu.Item>
          <Menu.Item
            leftSection={<IconTrash size={14} />}
            color="red"
            disabled={!done || !may("OperationsService_DeleteOperation")}
            onClick={() => setAsked("delete")}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked === "cancel" ? (
        <Confirm
          title={`Cancel ${name}?`}
          action="Cancel the operation"
          danger
          close={close}
          run={() => call("OperationsService_CancelOperation", { path: { id }, body: {} }).then(taken)}
        >
          It stops after the step it is at and cannot be resumed. What it has done stays; it can be rolled back
          afterwards, as far as its steps have compensations.
        </Confirm>
      ) : null}
      {asked === "rollback" ? <RollBack operation={operation} close={close} /> : null}
      {asked === "signal" ? <Signal id={id} taken={taken} close={close} /> : null}
      {asked === "classify" ? <Classify operation={operation} taken={taken} close={close} /> : null}
      {asked === "delete" ? (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete it"
          danger
          close={close}
          run={async () => {
            await call("OperationsService_DeleteOperation", { path: { id } });
            toast({ title: `${name} is deleted` });
            await navigate({ to: HOME });
            await client.invalidateQueries({ queryKey: ["operations"] });
          }}
        >
          Its history and its checkpoints go with it, and it can no longer be rolled back. What it did stays, and so
          does the audit trail.
        </Confirm>
      ) : null}
    </>
  );
}

function Signal({ id, taken, close }: { id: string; taken: (now: Operation) => void; close: () => void }) {
  const [name, setName] = useState("");
  const [payload, setPayload] = useState("");
  const [error, setError] = useState<unknown>(null);
  const send = () =>
    call("OperationsService_SignalOperation", {
      path: { id },
      body: { name, payload, requestId: newRequestId() },
    }).then((now) => {
      toast({ title: `The signal ${name} is sent` });
      taken(now);
      close();
    }, setError);
  return (
    <Modal opened onClose={close} title="Send a signal" size={440}>
      <form
        style={{ display: "flex", flexDirection: "column", gap: 12 }}
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <TextInput
          data-autofocus
          required
          label="Name"
          description="What the operation waits for, or will ask for later"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label="Payload"
          description="JSON, or nothing"
          autosize
          minRows={3}
          classNames={{ input: "mono" }}
          value={payload}
          onChange={(event) => setPayload(event.currentTarget.value)}
        />
        <Refusal error={error} />
        <Button type="submit" disabled={name === ""} style={{ alignSelf: "flex-end" }}>
          Send
        </Button>
      </form>
    </Modal>
  );
}

function Classify({
  operation,
  taken,
  close,
}: {
  operation: Operation;
  taken: (now: Operation) => void;
  close: () => void;
}) {
  const id = operation.id ?? "";
  const [level, setLevel] = useState<string | null>(operation.securityLevel ?? null);
  const [tags, setTags] = useState(operation.complianceTags ?? []);
  const [reason, setReason] = useState("");
  const [error, setError] = useState<unknown>(null);
  const save = () =>
    call("OperationsService_UpdateOperation", {
      path: { "operation.id": id },
      query: { updateMask: "securityLevel,complianceTags", reason },
      body: { id, securityLevel: level ?? undefined, complianceTags: tags, etag: operation.etag },
    } as never).then((now) => {
      taken(now as Operation);
      close();
    }, setError);
  return (
    <Modal opened onClose={close} title="Classify" size={440}>
      <form
        style={{ display: "flex", flexDirection: "column", gap: 12 }}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Select
          label="Security level"
          description="Who is not cleared for it does not see that there is such an operation"
          data={choices("tessera.operations.v1.SecurityLevel")}
          value={level}
          onChange={setLevel}
        />
        <TagsInput label="Compliance tags" value={tags} onChange={setTags} maxTags={20} />
        <TextInput label="Reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <Refusal error={error} />
        <Button type="submit" style={{ alignSelf: "flex-end" }}>
          Save
        </Button>
      </form>
    </Modal>
  );
}

function Refusal({ error }: { error: unknown }) {
  if (error === null) return null;
  const given = asApiError(error);
  return (
    <div role="alert" style={{ color: "var(--bad)" }}>
      {given.message}. {given.advice}
      {given.violations.map((one) => (
        <div key={one.field}>
          <span className="mono">{one.field}</span> {one.description}
        </div>
      ))}
    </div>
  );
}
