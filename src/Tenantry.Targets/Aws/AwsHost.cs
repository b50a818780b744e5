using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Aws;

/// <summary>What all parts of one AWS target share.</summary>
internal sealed class AwsHost : IDisposable
{
    private readonly AwsClient _client;

    // One for each account: it keeps the keys that it was given until they end.
    private readonly ConcurrentDictionary<string, IAws> _roles = new(StringComparer.Ordinal);
    private readonly TerraformRoot _root;
    private readonly string _variables;
    private readonly string _looks;

    internal AwsHost(TargetContext context, AwsTargetOptions options)
    {
        (Context, Options, Time) = (context, options, context.Time);
        Place = new AwsPlace(options.Region, options.Endpoint);
        _client = new AwsClient(Place, options.Profile, context.Time);
        IBlobs blobs = options.Bucket is { } bucket
            ? new BucketBlobs(_client, bucket.Bucket, bucket.Prefix, Place, options.Profile)
            : new FolderBlobs(Path.Combine(context.DataFolder, "state"));
        Store = new InstanceStore(blobs);
        Terraform = new TerraformClient(Path.Combine(context.DataFolder, "runs"), options.TimeLimit, context.Time);
        _root = new TerraformRoot(Path.Combine(context.DataFolder, "work"), context.Time);
        _variables = Path.Combine(context.RunFolder, "variables");
        _looks = Path.Combine(context.RunFolder, "looks");
        Accounts = new AwsAccounts(this);
        Plans = new PlanMemory(context.Time);
        Prices = AwsPrices.Load(options.Prices);
    }

    internal TargetContext Context { get; }

    internal AwsTargetOptions Options { get; }

    internal AwsPlace Place { get; }

    internal TimeProvider Time { get; }

    internal ILogger Log => Context.Logger;

    internal InstanceStore Store { get; }

    internal TerraformClient Terraform { get; }

    internal AwsAccounts Accounts { get; }

    internal PlanMemory Plans { get; }

    /// <summary>List prices: the program's, or the operator's own.</summary>
    internal AwsPrices Prices { get; }

    /// <summary>AWS as the operator's own credentials see it.</summary>
    internal IAws Aws => _client;

    /// <summary>AWS as of the account that an instance is in.</summary>
    internal IAws AwsOf(string roleArn) => roleArn.Length == 0 ? _client : _roles.GetOrAdd(roleArn, _client.As);

    /// <summary>Terraform or OpenTofu. Throws when there is neither.</summary>
    internal string Program
    {
        get
        {
            string[] names = Options.Program is { } given ? [given] : ["terraform", "tofu"];
            if (Choose(names, name => name.Contains('/', StringComparison.Ordinal) ? File.Exists(name) : Programs.Find(name) is not null) is { } found)
                return found;
            throw AwsErrors.NoProgram(names);
        }
    }

    /// <summary>The first of the programs that is there, or null.</summary>
    internal static string? Choose(IReadOnlyList<string> names, Func<string, bool> isThere) => names.FirstOrDefault(isThere);

    /// <summary>The module set with the real state, ready to be used.</summary>
    internal Task<string> RootAsync(CancellationToken cancellationToken) => _root.PrepareAsync(Store.Blobs.Backend, Program, InitializeAsync, cancellationToken);

    /// <summary>The module set beside a state that is always empty: a plan there leaves nothing behind.</summary>
    internal Task<string> EmptyRootAsync(CancellationToken cancellationToken) =>
        _root.PrepareAsync(new JsonObject { ["local"] = new JsonObject { ["workspace_dir"] = _looks } }, Program, InitializeAsync, cancellationToken);

    /// <summary>Variables of an instance in a file that only its owner reads and that is gone afterwards.</summary>
    internal async Task<T> WithVariablesAsync<T>(JsonObject variables, Func<string, Task<T>> work)
    {
        Directory.CreateDirectory(_variables, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var file = Path.Combine(_variables, $"{Guid.NewGuid():N}.tfvars.json");
        AtomicFile.Write(file, Encoding.UTF8.GetBytes(variables.ToJsonString()), durable: false);
        try
        {
            return await work(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>What Terraform would change.</summary>
    /// <param name="record">Whose.</param>
    /// <param name="isAsleep">Whether no task is to run.</param>
    /// <param name="isNew">True when there is no state yet.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<IReadOnlyList<TerraformMessage>> PlanAsync(AwsRecord record, bool isAsleep, bool isNew, CancellationToken cancellationToken)
    {
        if (!isNew)
            return await PlanInAsync(await RootAsync(cancellationToken), record, isAsleep, cancellationToken);
        // Nothing is there to be compared with: what would be made follows from its parts alone, and the next one with the same parts needs no run of Terraform to tell it.
        var parts = AwsVariables.PartsOf(record.Variables);
        if (Plans.FindNew(parts) is { } known)
            return known;
        try
        {
            var plan = await PlanInAsync(await EmptyRootAsync(cancellationToken), record, isAsleep, cancellationToken);
            Plans.KeepNew(parts, plan);
            return plan;
        }
        finally
        {
            RemoveLook(record.Workspace);
        }
    }

    /// <summary>What Terraform would change of what another state holds. That state is read and left as it is.</summary>
    internal async Task<IReadOnlyList<TerraformMessage>> PlanWithAsync(AwsRecord record, ReadOnlyMemory<byte> state, CancellationToken cancellationToken)
    {
        var look = Path.Combine(_looks, record.Workspace, "terraform.tfstate");
        var root = await EmptyRootAsync(cancellationToken);
        Directory.CreateDirectory(Path.GetDirectoryName(look)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AtomicFile.Write(look, state.Span, durable: false);
        try
        {
            return await PlanInAsync(root, record, isAsleep: false, cancellationToken);
        }
        finally
        {
            RemoveLook(record.Workspace);
        }
    }

    private Task<IReadOnlyList<TerraformMessage>> PlanInAsync(string root, AwsRecord record, bool isAsleep, CancellationToken cancellationToken) => WithVariablesAsync<IReadOnlyList<TerraformMessage>>(
        AwsVariables.Whole(record.Variables, Options, record.RoleArn, isAsleep),
        async file =>
        {
            var result = await Terraform.LookAsync(TerraformCommands.Plan(Program, root, record.Workspace, file), cancellationToken);
            var messages = result.Output.Split('\n').Select(TerraformMessage.Read).OfType<TerraformMessage>().ToList();
            if (result.ExitCode > TerraformClient.Signalled)
                throw AwsErrors.Ended($"Planning {record.Workspace}", result.ExitCode, record.Workspace);
            if (result.ExitCode is not (0 or 2))
                throw AwsErrors.Explain($"Planning {record.Workspace}", messages, result.LastLines(5));
            return result.ExitCode == 0 ? [] : messages.Where(message => message.Kind is MessageKind.Planned or MessageKind.OutputsChange).ToList();
        });

    private void RemoveLook(string workspace)
    {
        var folder = Path.Combine(_looks, workspace);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    public void Dispose()
    {
        Terraform.Dispose();
        _client.Dispose();
    }

    private async Task InitializeAsync(string folder, CancellationToken cancellationToken)
    {
        var result = await Terraform.LookAsync(TerraformCommands.Initialize(Program, folder), cancellationToken);
        if (result.ExitCode != 0)
            throw AwsErrors.Explain("Making Terraform ready", [], result.LastLines(12));
    }
}
