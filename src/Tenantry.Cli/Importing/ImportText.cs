using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests.Importing;

namespace Tenantry.Cli.Importing;

/// <summary>The plan of an import. Values of secrets are no part of it.</summary>
internal static class ImportText
{
    public static void Write(Call call, ComposeImport import, bool applies)
    {
        if (call.Output.Json && !applies)
            Document(call, import);
        if (call.Output.Json)
            return;
        call.Output.Text.Write(import.Manifest);
        call.Output.Line();
        foreach (var tenant in import.Tenants)
        {
            call.Output.Line($"line {tenant.Line}: {tenant.Service} becomes tenant {tenant.Name}, tier {tenant.Tier}"
                + (tenant.Secrets.Count > 0 ? $"; secrets {string.Join(", ", tenant.Secrets.Keys)}" : "")
                + (tenant.Volumes.Count > 0 ? $"; data of {string.Join(", ", tenant.Volumes.Select(pair => $"{pair.Key} to volume {pair.Value}"))}" : ""));
        }

        foreach (var note in import.Notes)
            call.Output.Note($"line {note.Line}: {note.Text}");
        if (!applies)
            call.Output.Line("Nothing was changed. With --apply each tenant's container is stopped, its data copied, and its instance started; containers and volumes stay.");
    }

    private static void Document(Call call, ComposeImport import) => call.Output.Document(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("manifest", import.Manifest);
        writer.WriteStartArray("tenants");
        foreach (var tenant in import.Tenants)
        {
            writer.WriteStartObject();
            writer.WriteString("name", tenant.Name);
            writer.WriteString("service", tenant.Service);
            writer.WriteNumber("line", tenant.Line);
            writer.WriteString("tier", tenant.Tier);
            Output.Texts(writer, "secrets", tenant.Secrets.Keys);
            writer.WriteStartObject("volumes");
            foreach (var (path, volume) in tenant.Volumes)
                writer.WriteString(path, volume);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("notes");
        foreach (var note in import.Notes)
        {
            writer.WriteStartObject();
            writer.WriteNumber("line", note.Line);
            writer.WriteString("text", note.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
