using System.CommandLine;
using Tenantry.Cli.Rendering;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry render compose [SLUG...]</c>: one Compose file for any set of instances.</summary>
internal static class RenderCompose
{
    public static Command Create(CliHost host)
    {
        var slugs = new Argument<string[]>("SLUG") { Description = "Which instances; all when none is named.", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string?>("--output") { Description = "Write it to this file, and its files beside it; standard output alone when none is named.", HelpName = "FILE" };
        var version = new Option<string?>("--version") { Description = "The label PREFIX.version; the app's own version when not said.", HelpName = "TEXT" };
        var environment = new Option<string?>("--env") { Description = "The label PREFIX.env; the instance's environment when not said.", HelpName = "TEXT" };
        var prefix = new Option<string?>("--prefix") { Description = "What labels begin with; tenantry when not said.", HelpName = "NAME" };
        var overrides = new Option<string?>("--overrides") { Description = "A file with what you want otherwise for some services. It is read and never written.", HelpName = "FILE" };
        var subnets = new Option<string?>("--subnets") { Description = "Private range that networks are cut from, 16 addresses each; 10.208.0.0/12 when not said.", HelpName = "RANGE" };
        var force = new Option<bool>("--force") { Description = "Replace a file that was not made by this command." };
        var dryRun = CommandOptions.DryRun();
        return new Command("compose", "Write one Compose file for instances.") { slugs, output, version, environment, prefix, overrides, subnets, force, dryRun }.Does(host, async call =>
        {
            var folder = call.Value(output) is { } path ? new ComposeFolder(host.FullPath(path)) : null;
            var present = folder?.Read(call.Value(force));
            var request = new RenderComposeRequest(
                call.Value(slugs) is { Length: > 0 } names ? names : null,
                call.Value(prefix),
                call.Value(version),
                call.Value(environment),
                folder?.Files ?? ComposeFolder.UsualFiles,
                call.Value(subnets),
                present?.Subnets,
                await ReadAsync(host, call.Value(overrides), call.CancellationToken),
                call.Value(overrides));
            var rendered = await call.Client.Rendering.ComposeAsync(request, call.CancellationToken);
            var result = new ComposeResult(call, rendered, folder, present);
            RefuseNothing(rendered);
            result.Write(call.Value(dryRun));
            return (int)(rendered.Skipped.Count == 0 ? ExitCode.Done : ExitCode.Failed);
        });
    }

    private static async Task<string?> ReadAsync(CliHost host, string? path, CancellationToken cancellationToken)
    {
        if (path is null)
            return null;
        var file = host.FullPath(path);
        return File.Exists(file) ? await File.ReadAllTextAsync(file, cancellationToken) : throw new CliException(ExitCode.Usage, $"There is no {file}.", "Name the overrides file with --overrides.");
    }

    private static void RefuseNothing(RenderComposeResponse rendered)
    {
        if (rendered.Rendered.Count > 0)
            return;
        throw rendered.Skipped.Count == 0
            ? new CliException(ExitCode.Failed, "There is no instance; nothing was written.", "Add one with 'tenantry tenant add NAME --app APP'.")
            : new CliException(ExitCode.Failed, "No instance could be rendered; nothing was written.", errors: [.. rendered.Skipped.Select(one => new ProblemError(one.Slug, one.Reason))]);
    }
}
