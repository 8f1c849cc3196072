# List all memory regions with filtering
regions = await client.list_memory_regions("myapp", prefix="cache:")
for region in regions:
    info = await client.describe_memory("myapp", region)
    print(f"Region {region}: {info.size} bytes allocated, {info.data_length} bytes used")
# Resize region dynamically
current_info = await client.describe_memory("myapp", "growing_dataset")
if current_info.data_length > current_info.size * 0.8: # 80% full
    new_size = current_info.size * 2 # Double the size
    await client.resize_memory("myapp", "growing_dataset", new_size)
    print(f"Resized region to {new_size} bytes")
# Cleanup unused regions
await client.free_memory("myapp", "temporary_buffer")
