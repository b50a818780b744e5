using System.CommandLine;
using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry init [DIR]</c></summary>
internal static class InitCommand
{
    public static Command Create(CliHost host)
    {
        var folder = new Argument<string>("DIR") { Description = "The folder of the app; the present one when none is named.", DefaultValueFactory = _ => "." };
        var force = new Option<bool>("--force") { Description = "Write over a manifest that is there." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the manifest, and write nothing." };
        return new Command("init", "Write a first tenantry.yaml by looking at a folder: its compose file, Dockerfile or package.json.") { folder, force, dryRun }.Does(host, async call =>
        {
            var path = host.FullPath(call.Value(folder)!);
            if (!Directory.Exists(path))
                throw new CliException(ExitCode.Usage, $"There is no folder {path}.");
            var file = Path.Combine(path, ManifestFile.DefaultName);
            if (File.Exists(file) && !call.Value(force) && !call.Value(dryRun))
                throw new CliException(ExitCode.Conflict, $"{file} is there already.", "Say --force to write over it.");
            var draft = ManifestInit.Write(new FolderOnDisk(path));
            if (!call.Value(dryRun))
                await File.WriteAllTextAsync(file, draft.Text, call.CancellationToken);
            Tell(call, draft, file, call.Value(dryRun));
        });
    }

    private static void Tell(Call call, ManifestDraft draft, string file, bool isDryRun)
    {
        if (call.Output.Json)
        {
            call.Output.Document(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("file", isDryRun ? null : file);
                writer.WriteString("manifest", draft.Text);
                Output.Texts(writer, "sources", draft.Sources);
                Output.Texts(writer, "notes", draft.Notes);
                writer.WriteEndObject();
            });
            return;
        }

        if (isDryRun)
            call.Output.Text.Write(draft.Text);
        else
            call.Output.Line($"Wrote {file}{(draft.Sources.Count > 0 ? $" from {string.Join(", ", draft.Sources)}" : "")}.");
        foreach (var note in draft.Notes)
            call.Output.Note("note: " + note);
        if (!isDryRun)
            call.Output.Line("Look at it, then 'tenantry app apply'.");
    }
}
