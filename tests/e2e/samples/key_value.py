import primatomic

# Connect to Primatomic Cloud
client = primatomic.Client("your-workspace.primatomic.com:443", jwt_token="your-api-token")

# Create namespace and store data
client.create_namespace("myapp")

# Retrieve data
profile = client.get_key("myapp", "user:123:profile")
print(profile.decode('utf-8'))

# Atomic compare-and-swap for optimistic updates
current_value = client.get_key("myapp", "counter")
success = client.compare_and_swap(
    namespace="myapp",
    key="counter",
    expected_value=current_value,
    new_value=str(int(current_value) + 1).encode()
)

# List keys with prefix
user_keys = client.list_keys("myapp", prefix="user:", limit=100)
for key in user_keys:
    print(f"Found user key: {key}")

# TTL expiration (expire after 1 hour)
client.put_key("myapp", "session:abc123", b"user_data", ttl_ms=3600000)
