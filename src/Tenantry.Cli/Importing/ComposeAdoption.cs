using System.Globalization;
using Tenantry.Cli.Applying;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Manifests.Importing;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Compose;

namespace Tenantry.Cli.Importing;

/// <summary>How tenants are taken over.</summary>
internal sealed record AdoptionOptions(string Engine, string? Project, string? Target, bool RemovesContainers, TimeSpan Timeout);

/// <summary>
/// Takes tenants over one after the other: the old container is stopped, the instance made, its data replaced by the old container's. What fails is
/// taken back: the instance goes, and the old container runs again with all that it had. What was cut off goes on where it was.
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
            var half = (HalfAdopted?)null;
            if (await call.Client.Tenants.FindAsync(tenant.Name, call.CancellationToken) is not null)
            {
                half = await HalfAdopted.FindAsync(call, app, tenant.Name);
                call.Output.Note(half is null ? $"{tenant.Name}: there is a tenant of that name already; left alone." : $"{tenant.Name}: an earlier import was cut off; it goes on.");
                if (half is null)
                    continue;
            }

            try
            {
                await AdoptAsync(old, app, tenant, half);
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

    private async Task AdoptAsync(OldContainers old, string app, ImportedTenant tenant, HalfAdopted? half)
    {
        var container = await old.FindAsync(tenant.Service, tenant.Container, options.Project, call.CancellationToken);

        // An earlier import had stopped it.
        var wasRunning = container is { Runs: true } || half is not null;
        if (half is not null && container is { Restart: "no" })
            container = container with { Restart = "unless-stopped" };
        if (container is { Runs: true })
            await old.StopAsync(container, call.CancellationToken);
        try
        {
            var slug = half?.Slug ?? await MakeAsync(app, tenant);
            if (half is not { HasData: true })
                await FillAsync(slug, tenant, container is null ? null : output => old.WriteAsync(container, tenant.Volumes, tenant.Files, UserOf(), output, call.CancellationToken));
            if (container is not null)
                await old.RetireAsync(container, call.CancellationToken);
            await WaitAsync(call.Client.Instances.Release(slug));
            await WaitAsync(call.Client.Instances.Wake(slug));
        }
        catch
        {
            // The customer first: the old one does not need what is taken back.
            if (container is not null && wasRunning)
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

    // Held down until all of it is there: that is how one that was cut off is known.
    private async Task<string> MakeAsync(string app, ImportedTenant tenant)
    {
        var features = tenant.Features.Count > 0 ? tenant.Features : null;
        var request = new CreateInstanceRequest(tenant.Name, app, Target: options.Target, Tier: tenant.Tier, Features: features, NewTenant: new CreateTenantRequest(tenant.Name), Down: true);
        return (await call.Client.Instances.Create(request).SendAsync(call.CancellationToken)).Slug;
    }

    private async Task FillAsync(string slug, ImportedTenant tenant, Func<Stream, Task>? data)
    {
        foreach (var (name, value) in tenant.Secrets)
            await call.Client.Secrets.Put(slug, name, value).SendAsync(call.CancellationToken);
        await foreach (var operation in call.Client.Operations.ListAsync(slug, call.CancellationToken))
        {
            if (operation is { Kind: OperationKind.Create, IsFinished: false })
                await call.WaitAsync(operation, options.Timeout);
        }

        if (data is null || tenant.Volumes.Count == 0)
            return;
        await using var tar = new FileStream(Path.Combine(Path.GetTempPath(), $"tenantry-{Guid.NewGuid():N}.tar"), new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await data(tar);
        tar.Position = 0;
        await call.Client.Instances.ImportData(slug, tar).SendAsync(call.CancellationToken);
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
