using System.CommandLine;
using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry plan SLUG</c>, also of a manifest that is not applied</summary>
internal static class PlanCommand
{
    public static Command Create(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var file = new Option<string?>("--file", "-f") { Description = "Of this manifest, which need not be applied, instead of what is wanted now.", HelpName = "FILE" };
        var release = new Option<string?>("--release") { Description = "Of this release of its app, 'latest' for the newest, instead of its own.", HelpName = "ID" };
        return new Command("plan", "Show what would be done to bring an instance to what is wanted of it, or to another release.") { slug, file, release }.Does(host, async call =>
        {
            if (call.Value(file) is not null && call.Value(release) is not null)
                throw new CliException(ExitCode.Usage, "--file and --release are two answers to one question.", "Say one of them.");
            PlanText.Write(call.Output, await PlanAsync(host, call, call.Required(slug), call.Value(file), call.Value(release)));
        });
    }

    private static async Task<PlanResponse> PlanAsync(CliHost host, Call call, string slug, string? file, string? release)
    {
        if (file is not null)
            return await AppApply.PlanAsync(call, slug, await ManifestFile.ReadAsync(host, file, call.CancellationToken));
        return release is null
            ? await call.Client.Instances.PlanAsync(slug, call.CancellationToken)
            : await call.Client.Instances.Update(slug, new UpdateInstanceRequest(Release: release)).PreviewAsync(call.CancellationToken);
    }
}
