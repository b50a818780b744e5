using System.Globalization;
using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Manifests.Importing;
using Tenantry.Model.Wire;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Compose;

namespace Tenantry.Cli.Importing;

/// <summary>How tenants are taken over.</summary>
internal sealed record AdoptionOptions(string Engine, string? Project, string? Target, bool RemovesContainers, TimeSpan Timeout);

/// <summary>
/// Takes tenants over one after the other: the old container is stopped, the instance made, its data replaced by the old container's. What fails is
/// taken back: the instance goes, and the old container runs again with all that it had.
/// </summary>
internal sealed class ComposeAdoption(Call call, ComposeImport import, AdoptionOptions options)
{
    private const int OrdinaryUser = 1000;

    public async Task<ExitCode> RunAsync()
    {
        await using var old = new OldContainers(options.Engine);
        await RequireEngineAsync(old);
        var app = await ApplyAsync();
        var failed = new List<(string Tenant, string Why)>();
        var done = new List<string>();
        foreach (var tenant in import.Tenants)
        {
            if (await call.Client.Tenants.FindAsync(tenant.Name, call.CancellationToken) is not null)
            {
                var half = await FindHalfAsync(app, tenant.Name);
                if (half is not null)
                    failed.Add((tenant.Name, half));
                call.Output.Note($"{tenant.Name}: {half ?? "there is a tenant of that name already; left alone."}");
                continue;
            }

            try
            {
                await AdoptAsync(old, app, tenant);
                done.Add(tenant.Name);
            }
            catch (Exception failure) when (failure is TenantryException or CliException or TargetException or IOException)
            {
                var why = failure is TargetException target ? target.Sentence : failure.Message;
                failed.Add((tenant.Name, why));
                call.Output.Note($"{tenant.Name}: {why}");
            }
        }

        Tell(app, done, failed);
        return failed.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    // One that is held down is what this command makes and had no time to finish.
    private async Task<string?> FindHalfAsync(string app, string tenant)
    {
        await foreach (var one in call.Client.Instances.ListAsync(new InstanceQuery(tenant, app), call.CancellationToken))
        {
            if ((await call.Client.Instances.FindAsync(one.Slug, call.CancellationToken))?.Hold == InstanceHold.Down)
                return $"an earlier import was cut off: '{one.Slug}' is held down, perhaps without its data. 'tenantry tenant remove {tenant}' and import again; the old container still has all of it.";
        }

        return null;
    }

    // Asked before anything is made: an app without its tenants would be left.
    private async Task RequireEngineAsync(OldContainers old)
    {
        try
        {
            await old.FindAsync(import.Tenants[0].Service, import.Tenants[0].Container, options.Project, call.CancellationToken);
        }
        catch (TargetException away) when (away.Retryable)
        {
            throw new CliException(ExitCode.Unavailable, $"{away.Message} Nothing was changed.", "Start it (systemctl start docker), or say with --engine where the engine listens that has the containers.");
        }
    }

    private async Task<string> ApplyAsync()
    {
        var folder = Directory.CreateTempSubdirectory("tenantry-import-");
        try
        {
            var path = Path.Combine(folder.FullName, ManifestFile.DefaultName);
            await File.WriteAllTextAsync(path, import.Manifest, call.CancellationToken);
            return (await AppApply.SendAsync(call, await ManifestFile.ReadAsync(call.Host, path, call.CancellationToken))).Release.App;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task AdoptAsync(OldContainers old, string app, ImportedTenant tenant)
    {
        var container = await old.FindAsync(tenant.Service, tenant.Container, options.Project, call.CancellationToken);
        if (container is { Runs: true })
            await old.StopAsync(container, call.CancellationToken);
        try
        {
            await MakeAsync(app, tenant, container is null ? null : output => old.WriteAsync(container, tenant.Volumes, tenant.Files, UserOf(), output, call.CancellationToken));
        }
        catch
        {
            // The customer first: the old one does not need what is taken back.
            if (container is { Runs: true })
                await old.StartAsync(container, CancellationToken.None);
            var calm = call.Uninterrupted();
            if (await calm.Client.Tenants.FindAsync(tenant.Name, CancellationToken.None) is not null)
                await TakeBackAsync(calm, tenant.Name);
            call.Output.Note($"{tenant.Name}: all of it is as it was.");
            throw;
        }

        if (container is null)
            call.Output.Note($"{tenant.Name}: no container of {tenant.Service} was found at {options.Engine}; it begins without data.");
        else if (options.RemovesContainers)
            await old.RemoveAsync(container, call.CancellationToken);
        call.Output.Line($"{tenant.Name}: taken over{(container is null ? "" : $" from {container.Name}")}.");
    }

    private async Task MakeAsync(string app, ImportedTenant tenant, Func<Stream, Task>? data)
    {
        var instances = call.Client.Instances;
        await call.Client.Tenants.Create(new CreateTenantRequest(tenant.Name)).SendAsync(call.CancellationToken);
        var hasData = data is not null && tenant.Volumes.Count > 0;
        var request = new CreateInstanceRequest(
            tenant.Name, app, Target: options.Target, Tier: tenant.Tier, Features: tenant.Features.Count > 0 ? tenant.Features : null, Down: hasData);
        var made = await instances.Create(request).SendAsync(call.CancellationToken);
        foreach (var (name, value) in tenant.Secrets)
            await call.Client.Secrets.Put(made.Slug, name, value).SendAsync(call.CancellationToken);
        await call.WaitAsync(made, options.Timeout);
        if (!hasData)
            return;
        await using var tar = new FileStream(Path.Combine(Path.GetTempPath(), $"tenantry-{Guid.NewGuid():N}.tar"), new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await data!(tar);
        tar.Position = 0;
        await instances.ImportData(made.Slug, tar).SendAsync(call.CancellationToken);
        await WaitAsync(instances.Release(made.Slug));
        await WaitAsync(instances.Wake(made.Slug));
    }

    private async Task WaitAsync(Change<InstanceChange> change)
    {
        var (operation, _) = await change.SendAsync(call.CancellationToken);
        if (operation is not null)
            await call.WaitAsync(operation, options.Timeout);
    }

    private async Task TakeBackAsync(Call calm, string tenant)
    {
        var deletion = await calm.Client.Tenants.Delete(tenant).SendAsync(CancellationToken.None);
        foreach (var operation in deletion.Operations)
            await calm.WaitAsync(operation, options.Timeout);
    }

    // The manifest is ours: its one service has a user that is a number, or none.
    private int UserOf()
    {
        var manifest = ManifestReader.Read(import.Manifest, ManifestFile.DefaultName).Manifest!;
        return manifest.Services[0].User is { } user && int.TryParse(user.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : OrdinaryUser;
    }

    private void Tell(string app, List<string> done, List<(string Tenant, string Why)> failed)
    {
        if (!call.Output.Json)
            return;
        call.Output.Document(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("app", app);
            Output.Texts(writer, "adopted", done);
            writer.WriteStartArray("failed");
            foreach (var (tenant, why) in failed)
            {
                writer.WriteStartObject();
                writer.WriteString("tenant", tenant);
                writer.WriteString("why", why);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }
}
