// Sign-in: with e-mail and password, or with an API token. The page that was asked for stays in the address.
// Not the styles of all components: this is a first load, too.
import "@mantine/core/styles/Input.layer.css";
import "@mantine/core/styles/Alert.layer.css";
import "@mantine/core/styles/PasswordInput.layer.css";
import "@mantine/core/styles/Tabs.layer.css";
import { Alert, Button, PasswordInput, Tabs, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type ApiError, asApiError } from "@/api/errors";
import { signIn, signInWithToken } from "@/api/session";
import classes from "./sign-in.module.css";

function wordsFor(error: ApiError): string {
  switch (error.reason) {
    case "PASSWORD_CHANGE_REQUIRED":
      return "This account needs a new password before it can go on. Choose one below.";
    default:
      return `${error.message.replace(/^./, (c) => c.toUpperCase()).replace(/\.$/, "")}. ${error.advice}`;
  }
}

function Password() {
  const [tenant, setTenant] = useState(localStorage.getItem("tessera.tenant") ?? "");
  const [email, setEmail] = useState(localStorage.getItem("tessera.email") ?? "");
  const [password, setPassword] = useState("");
  const [fresh, setFresh] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const mustChange = error?.reason === "PASSWORD_CHANGE_REQUIRED" || fresh !== "";

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      localStorage.setItem("tessera.tenant", tenant);
      localStorage.setItem("tessera.email", email);
      await signIn({ tenant: tenant.trim(), email: email.trim(), password, newPassword: fresh || undefined });
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  }
  const violation = (field: string) => error?.violations.find((one) => one.field.endsWith(field))?.description;

  return (
    <form onSubmit={(event) => void submit(event)} className={classes.form}>
      {error ? (
        <Alert color={mustChange ? "accent" : "red"} variant="light" role="alert" p="xs">
          {wordsFor(error)}
        </Alert>
      ) : null}
      <TextInput
        label="E-mail"
        type="email"
        autoComplete="username"
        required
        withAsterisk={false}
        autoFocus={email === ""}
        value={email}
        error={violation("email")}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        autoFocus={email !== ""}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
      />
      {mustChange ? (
        <PasswordInput
          label="New password"
          description="12 characters or more"
          autoComplete="new-password"
          required
          withAsterisk={false}
          autoFocus
          value={fresh}
          error={violation("new_password")}
          onChange={(event) => setFresh(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": "Show the new password" }}
        />
      ) : null}
      <TextInput
        label="Tenant"
        description="Leave it empty for the tenant “default”"
        placeholder="default"
        autoComplete="organization"
        value={tenant}
        error={violation("tenant")}
        onChange={(event) => setTenant(event.currentTarget.value)}
      />
      <Button type="submit" size="sm" loading={busy} fullWidth>
        Sign in
      </Button>
    </form>
  );
}

function Token() {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await signInWithToken(text.trim());
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} className={classes.form}>
      {error ? (
        <Alert color="red" variant="light" role="alert" p="xs">
          {error.code === "UNAUTHENTICATED" ? "The server does not accept this token." : wordsFor(error)}
        </Alert>
      ) : null}
      <PasswordInput
        label="API token"
        description="It stays in this tab and is forgotten when the tab closes"
        autoComplete="off"
        required
        withAsterisk={false}
        autoFocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": "Show the token" }}
      />
      <Button type="submit" size="sm" loading={busy} fullWidth>
        Use this token
      </Button>
    </form>
  );
}

export default function SignIn() {
  return (
    <main className={classes.page}>
      <div className={classes.box}>
        <img src="/icon.svg" alt="" width={34} height={34} />
        <h1 className={classes.title}>Sign in to Tessera</h1>
        <Tabs defaultValue="password">
          <Tabs.List grow mb="md">
            <Tabs.Tab value="password">Password</Tabs.Tab>
            <Tabs.Tab value="token">API token</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="password">
            <Password />
          </Tabs.Panel>
          <Tabs.Panel value="token">
            <Token />
          </Tabs.Panel>
        </Tabs>
        <p className={classes.hint}>
          On an installation of your own, the administrator is <span className="mono">admin@localhost</span>; the first
          password is in <span className="mono">identity/admin.password</span> of its data folder.
        </p>
      </div>
    </main>
  );
}
