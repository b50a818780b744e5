using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Onboarding;

/// <summary>The release that an onboarding is made from, when it brings a manifest.</summary>
internal static class OnboardRelease
{
    /// <summary>The app's name; a release of the manifest is its newest now, unless that is only tried.</summary>
    public static async Task<string> ApplyAsync(Call call, ManifestFile manifest, string? app, bool isDryRun)
    {
        var preview = await AppApply.PreviewAsync(call, manifest);
        var name = preview.Changes.Select(change => change.Subject).FirstOrDefault(subject => subject.StartsWith("app ", StringComparison.Ordinal)) is { } subject
            ? subject["app ".Length..]
            : app;
        if (isDryRun)
        {
            PlanText.Write(call.Output, preview);
            return name ?? throw new CliException(ExitCode.Usage, "The manifest is that of a release that is there already; say which app with --app.");
        }

        var applied = await AppApply.SendAsync(call, manifest);
        if (app is not null && app != applied.App.Name)
            throw new CliException(ExitCode.Usage, $"--app says {app}, and the manifest is that of {applied.App.Name}.");
        call.Output.Line(applied.NewRelease ? $"Release {applied.Release.Id} of {applied.App.Name}." : $"Nothing changed: release {applied.Release.Id} of {applied.App.Name} is not built again.");
        PlanText.Notices(call.Output, applied.Notices);
        return applied.App.Name;
    }
}
