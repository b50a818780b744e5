using System.CommandLine;
using System.Text;
using Tenantry.Cli.Running;
using Tenantry.Model.Wire;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Linux;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry render tfvars</c> and <c>tenantry render github-workflow</c>: instances on AWS targets for Terraform and for GitHub.</summary>
internal static class RenderTerraform
{
    public static Command CreateVariables(CliHost host)
    {
        var slugs = new Argument<string[]>("SLUG") { Description = "Which instances; all on AWS targets when none is named.", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string?>("--output") { Description = "Write WORKSPACE.tfvars.json of each into this folder; standard output when none is named.", HelpName = "DIR" };
        var replace = Replace();
        var dryRun = CommandOptions.DryRun();
        return new Command("tfvars", "Write the variables of Terraform of instances on AWS targets.") { slugs, output, replace, dryRun }.Does(host, async call =>
        {
            var rendered = await AskAsync(call, call.Value(slugs));
            if (call.Output.Json)
                call.Output.Value(rendered);
            foreach (var one in rendered.Rendered)
            {
                if (call.Value(output) is { } folder)
                    WriteFile(call, Path.Combine(host.FullPath(folder), one.Workspace + ".tfvars.json"), one.Variables, call.Value(replace), call.Value(dryRun));
                else if (!call.Output.Json)
                    call.Output.Line(one.Variables.TrimEnd());
                foreach (var note in one.Notes)
                    call.Output.Note($"{one.Slug}: {note}");
            }

            return End(call, rendered);
        });
    }

    public static Command CreateWorkflow(CliHost host)
    {
        var app = new Option<string?>("--app") { Description = "Instances of this app; needed when AWS targets hold several apps.", HelpName = "APP" };
        var server = new Option<string?>("--server-url") { Description = "Address at which GitHub reaches the control plane's API.", HelpName = "URL", Required = true };
        var cli = new Option<string?>("--cli-url") { Description = "Address of a tar.gz with the program 'tenantry' for linux-x64, which each job fetches; without one the runners must have it.", HelpName = "URL" };
        var output = new Option<string?>("--output") { Description = "Write it to this file, such as .github/workflows/deploy.yml; standard output when none is named.", HelpName = "FILE" };
        var replace = Replace();
        var dryRun = CommandOptions.DryRun();
        return new Command("github-workflow", "Write a workflow of GitHub that plans on pull requests and deploys a chosen workspace.") { app, server, cli, output, replace, dryRun }.Does(host, async call =>
        {
            if (!Uri.TryCreate(call.Value(server), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new CliException(ExitCode.Usage, $"{call.Value(server)} is no address.", "Say it as https://tenantry.example.com.");
            if (call.Value(cli) is { } given && !(Uri.TryCreate(given, UriKind.Absolute, out var archive) && archive.Scheme == "https"))
                throw new CliException(ExitCode.Usage, $"{given} is no address that a program may be fetched from.", "Say it as https://example.com/tenantry-linux-x64.tar.gz.");
            var rendered = await AskAsync(call, null);
            var apps = rendered.Rendered.Select(one => one.App).Distinct(StringComparer.Ordinal).ToList();
            if (call.Value(app) is null && apps.Count > 1)
                throw new CliException(ExitCode.Usage, $"AWS targets hold several apps: {string.Join(", ", apps)}.", "Say which with --app.");
            var chosen = rendered.Rendered.Where(one => call.Value(app) is null || one.App == call.Value(app)).ToList();
            if (chosen.Count == 0)
                throw new CliException(ExitCode.Failed, "No instance is on an AWS target; nothing was written.", "Add one with 'tenantry tenant add NAME --target aws'.");
            var text = GithubWorkflow.Render([.. chosen.Select(one => (one.Slug, one.Workspace))], call.Value(server)!, chosen[0].App, call.Value(cli));
            if (call.Value(output) is { } file)
                WriteFile(call, host.FullPath(file), text, call.Value(replace), call.Value(dryRun));
            else
                call.Output.Line(text.TrimEnd());
            call.Output.Note($"Each workspace needs an environment of GitHub of its name ({string.Join(", ", chosen.Select(one => one.Workspace))}) with the secret TENANTRY_TOKEN: 'tenantry token add github'.");
            if (call.Value(cli) is null)
                call.Output.Note("GitHub's own runners have no 'tenantry': render it with --cli-url, or let it run where it is installed.");
            return End(call, rendered);
        });
    }

    /// <summary>Instances in Terraform's words.</summary>
    internal static Task<RenderTerraformResponse> AskAsync(Call call, string[]? slugs) =>
        call.Client.Rendering.TerraformAsync(new RenderTerraformRequest(slugs is { Length: > 0 } ? slugs : null), call.CancellationToken);

    /// <summary>Says what could not be rendered, and ends with 1 when something could not.</summary>
    internal static int End(Call call, RenderTerraformResponse rendered)
    {
        foreach (var skipped in rendered.Skipped)
            call.Output.Note($"{skipped.Slug}: {skipped.Reason}");
        if (rendered is { Rendered.Count: 0, Skipped.Count: 0 } && !call.Output.Json)
            call.Output.Nothing("No instance is on an AWS target.");
        return (int)(rendered.Skipped.Count == 0 ? ExitCode.Done : ExitCode.Failed);
    }

    private static Option<bool> Replace() => new("--replace") { Description = "Write over a file that is there and says something else." };

    // What somebody wrote there by hand is not lost unasked.
    private static void WriteFile(Call call, string path, string text, bool replaces, bool isDryRun)
    {
        if (File.Exists(path) && !replaces && File.ReadAllText(path) != text)
            throw new CliException(ExitCode.Conflict, $"{path} is there and says something else; it was left as it is.", "Look at it, and say --replace to write over it.");
        if (!isDryRun)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(text), durable: false);
        }

        if (!call.Output.Json)
            call.Output.Line($"{(isDryRun ? "Would write" : "Wrote")} {path}.");
    }
}
