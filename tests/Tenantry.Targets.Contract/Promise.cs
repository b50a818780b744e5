using System.ComponentModel;
using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Tenantry.Targets.Contract;

/// <summary>
/// Every promise of the contract. A class that derives the suite for a target which cannot run everywhere says what is missing here in a
/// public static property <c>WhyNot</c>: then its tests are skipped with that reason, instead of failing.
/// </summary>
[XunitTestCaseDiscoverer("Tenantry.Targets.Contract.PromiseDiscoverer", "Tenantry.Targets.Contract")]
public sealed class PromiseAttribute : FactAttribute;

/// <summary>A promise for each of several cases.</summary>
[XunitTestCaseDiscoverer("Tenantry.Targets.Contract.PromisesDiscoverer", "Tenantry.Targets.Contract")]
public sealed class PromisesAttribute : TheoryAttribute;

/// <summary>Finds promises, and whether the deriving class can keep them on this machine.</summary>
public sealed class PromiseDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    private const string Property = "WhyNot";

    /// <inheritdoc/>
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        [new PromiseCase(WhyNot(testMethod), messages, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];

    internal static string? WhyNot(ITestMethod method) =>
        method.TestClass.Class.ToRuntimeType()?.GetProperty(Property, BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as string;
}

/// <summary>The same for promises with cases; where they cannot be kept there is one, skipped.</summary>
public sealed class PromisesDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    /// <inheritdoc/>
    public override IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        PromiseDiscoverer.WhyNot(testMethod) is { } why
            ? [new PromiseCase(why, DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)]
            : base.Discover(discoveryOptions, testMethod, theoryAttribute);
}

/// <summary>One promise of one target.</summary>
public sealed class PromiseCase : XunitTestCase
{
    private string? _why;

    /// <summary>For the test framework, which reads it back.</summary>
    [Obsolete("Only for the test framework.")]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public PromiseCase()
    {
    }

    /// <summary>Makes one.</summary>
    public PromiseCase(string? why, IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method) => _why = why;

    /// <inheritdoc/>
    public override void Serialize(IXunitSerializationInfo data)
    {
        data.AddValue("why", _why);
        base.Serialize(data);
    }

    /// <inheritdoc/>
    public override void Deserialize(IXunitSerializationInfo data)
    {
        _why = data.GetValue<string?>("why");
        base.Deserialize(data);
    }

    /// <inheritdoc/>
    protected override string? GetSkipReason(IAttributeInfo factAttribute) => base.GetSkipReason(factAttribute) ?? _why;
}
