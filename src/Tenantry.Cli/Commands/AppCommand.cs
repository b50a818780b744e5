using System.CommandLine;
using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry app apply|list|show|delete</c></summary>
internal static class AppCommand
{
    public static Command Create(CliHost host) => new("app", "Apps: what every tenant gets a copy of.")
    {
        Apply(host),
        List(host),
        Show(host),
        Delete(host),
    };

    private static Command Apply(CliHost host)
    {
        var file = new Option<string>("--file", "-f") { Description = "The manifest, or the folder that holds tenantry.yaml.", HelpName = "FILE", DefaultValueFactory = _ => ManifestFile.DefaultName };
        var force = new Option<bool>("--force-build") { Description = "Make a release of its own, whose build is made again though its inputs did not change." };
        var dryRun = CommandOptions.DryRun();
        return new Command("apply", "Make a release of a manifest. Instances keep theirs until 'tenantry deploy'.") { file, force, dryRun }.Does(host, async call =>
        {
            var manifest = await ManifestFile.ReadAsync(host, call.Value(file)!, call.CancellationToken);
            if (call.Value(force))
                manifest = manifest.Forced();
            if (call.Value(dryRun))
            {
                PlanText.Write(call.Output, await AppApply.PreviewAsync(call, manifest));
                return;
            }

            var applied = await AppApply.SendAsync(call, manifest);
            PlanText.Notices(call.Output, applied.Notices);
            if (call.Output.Json)
                call.Output.Value(applied);
            else
                call.Output.Line(Sentence(applied));
        });
    }

    private static string Sentence(ApplyAppResponse applied)
    {
        var release = $"{applied.App.Name} {applied.Release.Version}, release {applied.Release.Id}";
        return applied switch
        {
            { NewRelease: true, BuiltAs: { } other } => $"Applied {release}. Its build is that of {other}: unchanged, nothing is built.",
            { NewRelease: true } => $"Applied {release}.",
            { Changed: true } => $"Applied {release}, which was there already.",
            _ => $"Nothing changed: {release}.",
        };
    }

    private static Command List(CliHost host) => new Command("list", "List apps.").Does(host, async call =>
    {
        var apps = await call.Client.Apps.ListAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(apps);
            return;
        }

        var table = new TextTable("APP", "RELEASE", "CREATED", "CHANGED") { MayLack = ["CREATED", "CHANGED"] };
        foreach (var app in apps)
            table.Row(app.Name, app.Release, Words.Time(app.CreatedAt), Words.Time(app.UpdatedAt));
        table.Write(call.Output, "No apps. 'tenantry app apply -f tenantry.yaml' makes one.");
    });

    private static Command Show(CliHost host)
    {
        var name = CommandOptions.Name("app", "The app.");
        return new Command("show", "Show an app and its releases.") { name }.Does(host, async call =>
        {
            var app = await call.Client.Apps.GetAsync(call.Required(name), call.CancellationToken);
            var releases = await call.Client.Apps.ListReleasesAsync(app.Name, call.CancellationToken).ToListAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Document(writer =>
                {
                    writer.WriteStartObject();
                    Output.Member(writer, "app", app);
                    writer.WriteStartArray("releases");
                    foreach (var release in releases)
                        Output.Write(writer, release);
                    writer.WriteEndArray();
                    writer.WriteEndObject();
                });
                return;
            }

            call.Output.Line($"{app.Name}, newest release {app.Release}");
            call.Output.Line();
            var table = new TextTable("RELEASE", "VERSION", "MANIFEST", "INPUTS", "CREATED") { MayLack = ["INPUTS", "MANIFEST", "CREATED"] };
            foreach (var r in releases)
                table.Row(r.Id, r.Version, Short(r.ManifestDigest), Short(r.InputsDigest), Words.Time(r.CreatedAt));
            table.Write(call.Output, "");
        });
    }

    private static Command Delete(CliHost host)
    {
        var name = CommandOptions.Name("app", "The app.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("delete", "Delete an app and its releases. No instance of it may be left.") { name, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Apps.Delete(call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Delete the app {call.Required(name)} and its releases?");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("app", call.Required(name));
        });
    }

    private static string Short(string digest) => digest.Length > 19 ? digest[..19] : digest;
}
