using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>The release that an onboarding is made from, when it brings a manifest. Nothing is applied before everything else has an answer.</summary>
internal static class OnboardRelease
{
    /// <summary>The app's name.</summary>
    /// <exception cref="CliException">Another app was named.</exception>
    public static string AppOf(ManifestFile manifest, string? app) => app is null || app == manifest.Manifest.App
        ? manifest.Manifest.App
        : throw new CliException(ExitCode.Usage, $"--app says {app}, and the manifest is that of {manifest.Manifest.App}. Nothing was changed.");

    /// <summary>Makes a release of it, which is the app's newest then, unless it is there already.</summary>
    public static async Task ApplyAsync(Call call, ManifestFile manifest)
    {
        var applied = await AppApply.SendAsync(call, manifest);
        call.Output.Line(applied.NewRelease ? $"Release {applied.Release.Id} of {applied.App.Name}." : $"Nothing changed: release {applied.Release.Id} of {applied.App.Name} is not built again.");
        PlanText.Notices(call.Output, applied.Notices);
    }

    /// <summary>What applying it would change, with no change when its release is there. Inputs that the control plane has not are not sent: that would be one.</summary>
    public static async Task<PlanResponse> PreviewAsync(Call call, ManifestFile manifest) =>
        manifest.Inputs is { } inputs && !await call.Client.Sources.HasAsync(inputs.Digest, call.CancellationToken)
            ? new PlanResponse([new ChangeResponse($"app {manifest.Manifest.App}", "release", null, $"a new one, built from {manifest.Request.FileName}")], [], null, [])
            : await call.Client.Apps.Apply(manifest.Request).PreviewAsync(call.CancellationToken);

    /// <summary>What a customer's onboarding would change that begins with a release which is not there yet, so that the control plane cannot be asked.</summary>
    public static IEnumerable<ChangeResponse> ChangesOf(OnboardTarget target)
    {
        if (target.Present is { } present)
        {
            yield return new ChangeResponse($"instance {present.Slug}", "release", present.Release, "the new one");
            if (target.Request.Tier is { } tier && tier != present.Tier)
                yield return new ChangeResponse($"instance {present.Slug}", "tier", present.Tier, tier);
            yield break;
        }

        yield return new ChangeResponse($"tenant {target.Tenant.Name}", "", null, target.Email);
        yield return new ChangeResponse($"instance of {target.Request.App} for {target.Tenant.Name}", "", null, $"the new release{(target.Request.Tier is { } named ? $" in tier {named}" : "")}{(target.Request.Target is { } place ? $" on {place}" : "")}");
    }
}
