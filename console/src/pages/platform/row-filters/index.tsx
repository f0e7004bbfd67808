// Row filters: who sees which rows of an entity.
import { useNavigate } from "@tanstack/react-router";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { Time } from "@/kit/badges";
import { EditAndDelete } from "@/kit/delete";
import { Detail as DetailPage, Facts, Section } from "@/kit/detail";
import { EditPage, useEdit } from "@/kit/form/edit-page";
import { FormPage } from "@/kit/form/form-page";
import { Formula } from "@/kit/formula/field";
import { Actor } from "@/kit/identity/actor";
import { useFilterColumns, Whom } from "@/kit/identity/row-filters";
import { useSubjects } from "@/kit/identity/subjects";
import { List as ListPage } from "@/kit/table/list";
import { useId } from "@/kit/url";
import { conditionField, entityField, holderField } from "./fields";

type RowFilter = Message<"tessera.identity.v1.RowFilter">;

const HOME = "/platform/row-filters";
const form = {
  of: "tessera.identity.v1.RowFilter",
  within: "rowFilter",
  service: "identity",
  required: ["name", "entity", "condition"],
  labels: { condition: "Rows they see" },
  widgets: { entity: entityField, subject: holderField, condition: conditionField },
};

export function List() {
  const long = { staleTime: 60_000 };
  const entities = useCall("MetadataService_ListEntities", { query: { pageSize: 1000, orderBy: "name" } }, long).data;
  const roles = useCall("IdentityService_ListRoles", undefined, long).data;
  return (
    <ListPage
      title="Row filters"
      purpose="Which rows of an entity someone sees: only those that fit one of the filters that name them."
      op="IdentityService_ListRowFilters"
      items="rowFilters"
      pageSize={100}
      noun={["row filter", "row filters"]}
      columns={useFilterColumns}
      name={(row) => row.name ?? ""}
      to={(row) => `${HOME}/${row.id}`}
      filters={[
        {
          name: "entity",
          title: "Entity",
          choices: (entities?.entities ?? []).map((one) => ({ value: one.code ?? "", label: one.name ?? "" })),
        },
        {
          name: "role",
          title: "Role",
          choices: (roles?.roles ?? []).map((one) => ({ value: one.name ?? "", label: one.name ?? "" })),
        },
      ]}
      query={(url) => ({ entity: url.entity, role: url.role })}
      create={{ title: "New row filter", to: `${HOME}/new`, needs: "IdentityService_CreateRowFilter" }}
      teach="Whoever may read an entity sees all its rows, until a row filter narrows them for a role, a group or a user: region_code = 'North'."
    />
  );
}

export function Create() {
  const navigate = useNavigate();
  return (
    <FormPage<RowFilter>
      {...form}
      first={{}}
      fields={["name", "description", "entity", "subject", "condition"]}
      title="New row filter"
      above={{ title: "Row filters", to: HOME }}
      purpose="It holds at once, for all they read: rows, metrics, explanations and exports."
      action="Create row filter"
      close={() => navigate({ to: HOME })}
      save={async (rowFilter, _, requestId) => {
        const made = await call("IdentityService_CreateRowFilter", { body: { rowFilter, requestId } });
        return { title: `${made.name} is created`, to: `${HOME}/${made.id}` };
      }}
    />
  );
}

export function Detail() {
  const id = useId();
  const query = useCall("IdentityService_GetRowFilter", { path: { id } });
  const may = useMay();
  const [editing, edit] = useEdit();
  const filter: RowFilter = query.data ?? {};
  const named = useSubjects([filter.subject]);
  const name = filter.name ?? "";
  if (editing && query.data) {
    return (
      <EditPage<RowFilter>
        {...form}
        thing={filter}
        home={`${HOME}/${id}`}
        fields={["name", "description", "condition"]}
        update={(body, updateMask) =>
          call("IdentityService_UpdateRowFilter", { path: { "row_filter.id": id }, query: { updateMask }, body })
        }
      />
    );
  }
  return (
    <DetailPage
      query={query}
      title={name}
      above={{ title: "Row filters", to: HOME }}
      purpose={filter.description}
      actions={
        may("IdentityService_UpdateRowFilter") ? (
          <EditAndDelete
            name={name}
            edit={edit}
            home={HOME}
            service="identity"
            run={() => call("IdentityService_DeleteRowFilter", { path: { id }, query: { etag: filter.etag } })}
          >
            Whoever it names sees at once what their other filters of {filter.entity} leave, and all of its rows where
            there is no other. This cannot be undone.
          </EditAndDelete>
        ) : null
      }
      facts={
        <Facts
          rows={[
            ["Narrows", <Whom key="w" filter={filter} named={named} />],
            [
              "Entity",
              <span key="e" className="mono">
                {filter.entity}
              </span>,
            ],
            ["Changed", <Time key="u" value={filter.updateTime} />],
            ["Created", <Time key="c" value={filter.createTime} />],
            ["Created by", <Actor key="a" of={filter.createdBy} />],
          ]}
        />
      }
      tabs={[
        {
          id: "condition",
          title: "Condition",
          content: (
            <Section title="Rows they see">
              <Formula text={filter.condition ?? ""} label="Rows they see" />
              <p className="dim">
                Filters that name the same person for the same entity add up: a row is seen if it fits one of them.
              </p>
            </Section>
          ),
        },
      ]}
    />
  );
}
