using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;
using Tenantry.Targets.Docker.Compose;

namespace Tenantry.Cli.Rendering;

/// <summary>Writes what was rendered, and says what came of it and what is left to the operator.</summary>
internal sealed class ComposeResult(Call call, RenderComposeResponse rendered, ComposeFolder? folder, PresentCompose? present)
{
    private const int MostNamed = 20;

    public void Write(bool dryRun)
    {
        if (folder is null)
        {
            WriteText();
        }
        else
        {
            var changed = folder.Changed(rendered);
            var difference = ComposeDifference.Of(present, PresentCompose.Read(rendered.Text)!);
            var denied = dryRun ? [] : folder.Write(rendered);
            Show(dryRun, changed, difference);
            if (denied.Count > 0)
                call.Output.Note($"Files could not be given to the user {string.Join(", ", denied)} of their containers, who could not read them: run this as root.");
        }

        Tell();
    }

    private void WriteText()
    {
        if (call.Output.Json)
            Document(dryRun: false, [], []);
        else
            call.Host.Out.Write(rendered.Text);
        if (rendered.Files.Count > 0)
            call.Output.Note($"Not written: {Words.Count(rendered.Files.Count, "file")} that it names. Say --output FILE to have them beside it.");
    }

    private void Show(bool dryRun, IReadOnlyList<ComposeFileResponse> changed, IReadOnlyList<string> difference)
    {
        if (call.Output.Json)
        {
            Document(dryRun, changed, difference);
            return;
        }

        if (dryRun)
        {
            foreach (var line in difference)
                call.Output.Line(line);
            foreach (var file in changed)
                call.Output.Line($"@ file {file.Path}");
            call.Output.Line(difference.Count + changed.Count == 0 ? "Nothing would change." : "Nothing was written.");
            return;
        }

        call.Output.Line($"Rendered {Words.Count(rendered.Rendered.Count, "instance")}: {folder!.File}");
    }

    private void Tell()
    {
        foreach (var notice in rendered.Notices)
            call.Output.Note(notice);
        foreach (var skipped in rendered.Skipped)
            call.Output.Note($"Skipped {skipped.Slug}: {skipped.Reason}");
        var gone = (present?.Services ?? []).Except(PresentCompose.Read(rendered.Text)!.Services, StringComparer.Ordinal).ToList();
        if (gone.Count > 0)
            call.Output.Note($"No longer in the file: {string.Join(", ", gone)}. What runs of them runs on until 'docker-compose up -d --remove-orphans'; their volumes stay in any case.");
        if (folder is null)
            return;
        var missing = folder.Missing(rendered);
        List("These files must hold secrets, which a control plane never gives out. Fill them before 'docker-compose up', each readable by its user alone:", [.. missing.Select(secret => $"{secret.Path}  (user {secret.User}, mode 0400)")]);
        List("These variables must hold secrets. Put them into the file .env beside it, with mode 0600:", [.. folder.Unset(rendered, call.Host.Variable).Select(variable => $"{variable.Name}=  ({variable.Secret} of {variable.Slug})")]);
    }

    private void List(string title, List<string> items)
    {
        if (items.Count == 0)
            return;
        call.Output.Note(title);
        foreach (var item in items.Take(MostNamed))
            call.Output.Note("  " + item);
        if (items.Count > MostNamed)
            call.Output.Note($"  and {items.Count - MostNamed} more; all of them are in -o json");
    }

    private void Document(bool dryRun, IReadOnlyList<ComposeFileResponse> changed, IReadOnlyList<string> difference) => call.Output.Document(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("output", folder?.File);
        writer.WriteBoolean("dryRun", dryRun);
        Output.Texts(writer, "changedFiles", changed.Select(file => file.Path));
        Output.Texts(writer, "difference", difference);
        Output.Member(writer, "rendered", rendered);
        writer.WriteEndObject();
    });
}
